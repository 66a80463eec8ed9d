#include "hal/setup.h"

#include <stdint.h>

#include "board.h"
#include "hal/register.h"
#include "hal/wait.h"

/* Change bits of a register, then wait for others; the list ends with a step of zeros. */
typedef struct {
    uint32_t address, clear, set, wait, until;
} step;

#define STEP(address, clear, set, wait, until) {address, clear, set, wait, until},

static const step setup[] = {SBNN_SETUP(STEP){0}};
static const step fallback[] = {SBNN_FALLBACK(STEP){0}};

static bool is_complete;

static bool carry_out(const step *now) {
    REGISTER(now->address) = (REGISTER(now->address) & ~now->clear) | now->set;
    return wait_until(now->address, now->wait, now->until, WAIT_CLOCK);
}

void setup_run(void) {
    is_complete = true;
    for (const step *at = setup; at->address != 0u; at++) {
        if (carry_out(at)) {
            continue;
        }
        if (is_complete) { /* the first that was not done in time */
            is_complete = false;
            for (const step *other = fallback; other->address != 0u; other++) {
                (void)carry_out(other);
            }
        }
        if (fallback->address == 0u) {
            return; /* the rest would use a clock that does not run */
        }
    }
}

bool setup_is_complete(void) {
    return is_complete;
}
