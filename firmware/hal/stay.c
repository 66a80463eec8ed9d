#include "hal/stay.h"

#include <stdint.h>

#include "board.h"

/* Two words, each the other's complement: what RAM holds at power-on is hardly ever that. They stand in
 * the RAM that both linker scripts leave out. */
#define STAY 0x59415453u /* "STAY" */
#define WORDS ((volatile uint32_t *)(uintptr_t)SBNN_STAY_ADDRESS)

void stay_request(void) {
    WORDS[0] = STAY;
    WORDS[1] = ~STAY;
}

bool stay_take(void) {
    const uint32_t first = WORDS[0];
    const uint32_t second = WORDS[1];
    WORDS[0] = 0;
    WORDS[1] = 0;
    return first == STAY && second == ~STAY;
}
