/* The tables of a word of K, which are those of lookup.h, and the counts that are made with them. */
#ifndef SBNN_KERNELS_STREAM_FIELDS_H
#define SBNN_KERNELS_STREAM_FIELDS_H

#include "lookup.h"

#define STREAM_ENTRIES LOOKUP_ENTRIES

#endif
