/* A note to the bootloader that survives a reset: do not start the application. */
#ifndef SBNN_HAL_STAY_H
#define SBNN_HAL_STAY_H

#include <stdbool.h>

/* Leave the note. */
void stay_request(void);

/* Whether the note is there; it is gone afterwards. */
bool stay_take(void);

#endif
