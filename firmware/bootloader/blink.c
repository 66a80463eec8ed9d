#include "bootloader/blink.h"

#include "hal/counter.h"
#include "hal/register.h"
#include "hal/setup.h"

#ifdef SBNN_LED_ON

#define BLINK_ROUNDS 16u
#define PHASE_TICKS (SBNN_COUNTER_HZ / 4u) /* on or off */
#define PAUSE_PHASES 6u
/* Where start-up did not reach its clocks, the core has what the chip has after a reset, a ninth to a
 * fortieth of its rate: with a sixteenth of the ticks, a phase takes 0.14 to 0.63 seconds. */
#define SLOW 16u

static bool called_within(uint64_t ticks) {
    return an3155_called(counter_clock() + ticks);
}

/* One round. Returns whether a host called, and leaves the light off. */
static bool blink(uint32_t count, uint64_t phase) {
    bool called = false;
    for (; count > 0u && !called; count--) {
        SBNN_LED_ON();
        called = called_within(phase);
        SBNN_LED_OFF();
        called = called || called_within(phase);
    }
    return called;
}

bool blink_until_called(blink_reason reason, uint64_t deadline) {
    static const setup_step pin[] = {SBNN_LED_SETUP(SETUP_STEP){0}};
    const uint64_t phase = reason == BLINK_NO_CLOCK ? PHASE_TICKS / SLOW : PHASE_TICKS;
    if (reason != BLINK_NOTHING) {
        (void)setup_do(pin);
        uint32_t left = BLINK_ROUNDS;
        do {
            if (blink(reason, phase) || called_within(PAUSE_PHASES * phase)) {
                return true;
            }
            left--;
        } while (left > 0u && counter_clock() < deadline);
    }
    return an3155_called(deadline);
}

#endif
