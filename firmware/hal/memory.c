#include "hal/memory.h"

#include <stddef.h>
#include <string.h>

extern uint32_t linker_stack_bottom[], linker_stack_top[];
extern uint8_t linker_static_start[], linker_static_end[];
#ifdef SBNN_WEIGHTS_IN_RAM
extern uint8_t linker_weights_load[], linker_weights_start[], linker_weights_end[];
#endif

static uint32_t distance(const void *from, const void *to) {
    return (uint32_t)((uintptr_t)to - (uintptr_t)from);
}

uint32_t memory_stack_bytes(void) {
    return distance(linker_stack_bottom, linker_stack_top);
}

uint32_t memory_stack_high_water(void) {
    const volatile uint32_t *word = linker_stack_bottom;
    while (word != linker_stack_top && *word == MEMORY_PAINT) {
        word++;
    }
    return (uint32_t)((uintptr_t)linker_stack_top - (uintptr_t)word);
}

uint32_t memory_static_bytes(void) {
    uint32_t bytes = distance(linker_static_start, linker_static_end);
#ifdef SBNN_WEIGHTS_IN_RAM
    bytes += distance(linker_weights_start, linker_weights_end);
#endif
    return bytes;
}

#ifdef SBNN_WEIGHTS_IN_RAM
void memory_load_weights(void) {
    memcpy(linker_weights_start, linker_weights_load,
           distance(linker_weights_start, linker_weights_end));
}
#endif

void memory_paint(uint32_t *words, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        words[i] = MEMORY_PAINT;
    }
}

uint32_t memory_high_water(const uint32_t *words, uint32_t count) {
    while (count > 0u && words[count - 1u] == MEMORY_PAINT) {
        count--;
    }
    return count * (uint32_t)sizeof *words;
}
