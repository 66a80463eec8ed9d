/* The constants of FIPS 180-4's hashes: SHA-512's, whose upper halves are SHA-256's. */
#ifndef SBNN_RUNTIME_SHA2_H
#define SBNN_RUNTIME_SHA2_H

#include <stdint.h>

extern const uint64_t sha2_rounds[80];
extern const uint64_t sha2_initial[8];

#endif
