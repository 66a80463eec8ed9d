/* What start-up does with board.toml's [[setup]] before main: it switches clocks on and gives pins to
 * their peripherals. */
#ifndef SBNN_HAL_SETUP_H
#define SBNN_HAL_SETUP_H

#include <stdbool.h>

/* Do the steps of [[setup]] in their order. If the hardware does not do one in time, such as an
 * oscillator without its crystal, do those of [[fallback]] and go on, or end if there are none. */
void setup_run(void);

/* Whether setup_run did all steps of [[setup]]. */
bool setup_is_complete(void);

#endif
