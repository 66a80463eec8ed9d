/* How much RAM is used: by the linker's account, and at most so far by the paint that is left. */
#ifndef SBNN_HAL_MEMORY_H
#define SBNN_HAL_MEMORY_H

#include <stdint.h>

#define MEMORY_PAINT 0x5AFEC0DEu /* every word of unused stack and arena */

/* Bytes of the stack that main runs on, and of it the most that was ever in use. */
uint32_t memory_stack_bytes(void);
uint32_t memory_stack_high_water(void);

/* Bytes of all other RAM known at link time, without the arena; weights that lie in RAM are among them.
 */
uint32_t memory_static_bytes(void);

/* Copy the model's weights to the RAM that they are read from. Nothing is to be done where that is
 * flash. */
#ifdef SBNN_WEIGHTS_IN_RAM
void memory_load_weights(void);
#else
static inline void memory_load_weights(void) {
}
#endif

/* Paint `count` words. */
void memory_paint(uint32_t *words, uint32_t count);

/* The most of the `count` painted words, counted from the first, that was ever written; in bytes. */
uint32_t memory_high_water(const uint32_t *words, uint32_t count);

#endif
