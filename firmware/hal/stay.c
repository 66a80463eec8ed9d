#include "hal/stay.h"

#include <stdbool.h>

#include "board.h"

/* The note is two words, each the complement of the other: random contents of RAM after power-on hardly
 * ever match. Both linker scripts leave these bytes of RAM unused. */
#define WORDS ((volatile uint32_t *)(uintptr_t)SBNN_STAY_ADDRESS)

void stay_request(stay_reason reason) {
    WORDS[0] = (uint32_t)reason;
    WORDS[1] = ~(uint32_t)reason;
}

stay_reason stay_take(void) {
    const uint32_t first = WORDS[0];
    const uint32_t second = WORDS[1];
    WORDS[0] = 0;
    WORDS[1] = 0;
    const bool is_note =
        second == ~first && (first == STAY_ASKED || first == STAY_CRASHED || first == STAY_TORN);
    return is_note ? (stay_reason)first : STAY_NOT;
}
