/* A second answer to the question whether bytes are equal, in another form than memcmp's. What decides
 * whether an image starts is decided twice, so that one instruction that a disturbance of the supply or
 * the clock makes the core skip does not start a forged one. */
#ifndef SBNN_RUNTIME_DIFFERENCE_H
#define SBNN_RUNTIME_DIFFERENCE_H

#include <stdint.h>

#define DIFFERENCE_UNKNOWN 0xFFFFFFFFu /* before anything was compared */

/* All bits in which the `count` bytes differ, in one byte; 0 if they are equal. */
uint32_t difference_of(const void *left, const void *right, uint32_t count);

#endif
