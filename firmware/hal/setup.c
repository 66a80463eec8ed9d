#include "hal/setup.h"

#include "board.h"
#include "hal/register.h"
#include "hal/wait.h"

static const setup_step setup[] = {SBNN_SETUP(SETUP_STEP){0}};
static const setup_step fallback[] = {SBNN_FALLBACK(SETUP_STEP){0}};

static setup_outcome result;

static bool carry_out(const setup_step *now) {
    REGISTER(now->address) = (REGISTER(now->address) & ~now->clear) | now->set;
    return wait_until(now->address, now->wait, now->until, WAIT_CLOCK);
}

bool setup_do(const setup_step *list) {
    bool done = true;
    for (; list->address != 0u; list++) {
        done = carry_out(list) && done;
    }
    return done;
}

void setup_run(void) {
    result = SETUP_COMPLETE;
    for (const setup_step *at = setup; at->address != 0u; at++) {
        if (carry_out(at)) {
            continue;
        }
        if (fallback->address == 0u) {
            result = SETUP_FAILED;
            return; /* the rest would use a clock that does not run */
        }
        if (result == SETUP_COMPLETE) { /* the first that was not done in time */
            result = setup_do(fallback) ? SETUP_FELL_BACK : SETUP_FAILED;
        }
    }
}

setup_outcome setup_result(void) {
    return result;
}
