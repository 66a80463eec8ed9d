/* What start-up does with board.toml's [[setup]] before main: it switches clocks on and gives pins to
 * their peripherals. */
#ifndef SBNN_HAL_SETUP_H
#define SBNN_HAL_SETUP_H

#include <stdbool.h>
#include <stdint.h>

/* Change bits of a register, then wait for others; a list ends with a step of zeros. */
typedef struct {
    uint32_t address, clear, set, wait, until;
} setup_step;

/* One entry of a list of steps, from the macros of board.h. */
#define SETUP_STEP(address, clear, set, wait, until) {address, clear, set, wait, until},

typedef enum {
    SETUP_COMPLETE,
    SETUP_FELL_BACK, /* a step of [[setup]] did not end in time, and those of [[fallback]] were done */
    SETUP_FAILED,    /* there is no [[fallback]], or one of its steps did not end in time either */
} setup_outcome;

/* Do the steps of [[setup]] in their order. If the hardware does not do one in time, such as an
 * oscillator without its crystal, do those of [[fallback]] and go on, or end if there are none. */
void setup_run(void);

/* What became of setup_run. */
setup_outcome setup_result(void);

/* Do the steps of a list. Returns whether each one was done in time. */
bool setup_do(const setup_step *list);

#endif
