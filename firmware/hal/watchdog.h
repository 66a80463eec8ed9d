/* The watchdog: it resets a board whose application has stopped feeding it.
 *
 * A driver is a file hal/<driver>_watchdog.c that defines these; the driver `none` does nothing. */
#ifndef SBNN_HAL_WATCHDOG_H
#define SBNN_HAL_WATCHDOG_H

#include <stdbool.h>

/* Start the watchdog: from now on watchdog_feed must be called at least once every
 * SBNN_WATCHDOG_SECONDS. Only a reset stops it. */
void watchdog_start(void);

/* Start the watchdog's time again. Has no effect on a watchdog that was not started. */
void watchdog_feed(void);

/* Called in the watchdog's interrupt, where that is the NMI. Returns true if time is left, so that the
 * interrupt is no fault. */
bool watchdog_extends(void);

/* Whether the watchdog caused the last reset. A second call returns false. Drivers whose watchdog
 * reports by a fault always return false. */
bool watchdog_has_fired(void);

#endif
