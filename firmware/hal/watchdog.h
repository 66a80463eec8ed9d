/* The watchdog: it resets a board whose application has stopped feeding it.
 *
 * A driver is a file hal/<driver>_watchdog.c that defines these; `none` does nothing. */
#ifndef SBNN_HAL_WATCHDOG_H
#define SBNN_HAL_WATCHDOG_H

#include <stdbool.h>

/* Begin: from now on watchdog_feed must be called once in SBNN_WATCHDOG_SECONDS. A reset ends it. */
void watchdog_start(void);

/* Does nothing to a watchdog that was not started. */
void watchdog_feed(void);

/* In its interrupt, where that is the NMI: whether there is time left, and this no fault. */
bool watchdog_extends(void);

/* Whether the last reset was the watchdog's; false the next time, and where a fault tells of it. */
bool watchdog_has_fired(void);

#endif
