/* How much RAM is used: sizes from the linker, and the highest use so far, measured by the paint words
 * that are still unchanged. */
#ifndef SBNN_HAL_MEMORY_H
#define SBNN_HAL_MEMORY_H

#include <stdint.h>

#define MEMORY_PAINT 0x5AFEC0DEu /* the value of every unused word of stack and arena */

/* Bytes of the stack that main runs on, and the most of them that was ever in use. */
uint32_t memory_stack_bytes(void);
uint32_t memory_stack_high_water(void);

/* Bytes of all other RAM known at link time, without the arena. Weights in RAM are included. */
uint32_t memory_static_bytes(void);

/* Copy the model's weights to RAM, if the model reads them there; else do nothing. */
#ifdef SBNN_WEIGHTS_IN_RAM
void memory_load_weights(void);
#else
static inline void memory_load_weights(void) {
}
#endif

/* Fill `count` words with MEMORY_PAINT. */
void memory_paint(uint32_t *words, uint32_t count);

/* Bytes from the first of the `count` painted words to the last one that was ever written. */
uint32_t memory_high_water(const uint32_t *words, uint32_t count);

#endif
