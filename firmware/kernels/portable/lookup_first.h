/* The first words of K that a block of rows counts: here they are added to sums of 0. */
#ifndef SBNN_KERNELS_LOOKUP_FIRST_H
#define SBNN_KERNELS_LOOKUP_FIRST_H

#define LOOKUP_FIRST_STORES 0 /* the sums must be cleared first */
#define sbnn_lookup_first16_pair sbnn_lookup_add16_pair

#endif
