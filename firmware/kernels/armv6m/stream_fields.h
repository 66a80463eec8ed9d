/* The tables of a word of K, and the counts that are made with them. */
#ifndef SBNN_KERNELS_STREAM_FIELDS_H
#define SBNN_KERNELS_STREAM_FIELDS_H

#define STREAM_ENTRIES                                                                                 \
    256u /* fields of 6, 5, 5, 5, 5 and 6 bits: shifts alone take those at the ends */

#endif
