/* The board's light, which says why the board does not start as it should.
 *
 * The number of blinks is the reason (docs/bring-up.md). A board that starts as it should does not
 * touch the light, and waits no longer than without it. It is blinked at most 16 times over, so that a
 * board which nobody looks at goes dark and sleeps. */
#ifndef SBNN_BOOTLOADER_BLINK_H
#define SBNN_BOOTLOADER_BLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"
#include "bootloader/an3155.h"

/* Why, and how often the light blinks for it. */
typedef enum {
    BLINK_NOTHING = 0,
    BLINK_OWN_CLOCK = 2,  /* the board's clock did not start; the chip runs from its own oscillator */
    BLINK_NO_CLOCK = 3,   /* start-up did not reach its clocks: the UART may be silent */
    BLINK_NO_IMAGE = 4,   /* there is no image that may start */
    BLINK_CRASHED = 5,    /* the application crashed, or its watchdog fired */
    BLINK_TORN = 6,       /* the bootloader faulted, as at a half-written word of flash */
    BLINK_UNRECORDED = 7, /* the journal did not take the record of the image's start */
} blink_reason;

/* Wait for a host's call like an3155_called, and blink the reason meanwhile. A round of blinks is
 * completed even if the time ends within it. */
#ifdef SBNN_LED_ON
bool blink_until_called(blink_reason reason, uint64_t deadline);
#else
static inline bool blink_until_called(blink_reason reason, uint64_t deadline) {
    (void)reason; /* inlined, so that nothing is computed for a light that is not there */
    return an3155_called(deadline);
}
#endif

#endif
