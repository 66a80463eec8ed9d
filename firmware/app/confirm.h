/* Lets an image report that it works; from then on a reset starts it. */
#ifndef SBNN_APP_CONFIRM_H
#define SBNN_APP_CONFIRM_H

#include <stdbool.h>

/* Record that the image which this application runs from works. Our bootloader then no longer counts
 * its starts and, on boards with a key, no longer starts an image with a lower counter; MCUboot no
 * longer returns to the image before. Returns false
 * if the flash did not take the record; then the next call tries again. After a success, and on a board
 * without a journal or an image that MCUboot did not put on trial, a call does nothing and returns
 * true.
 *
 * agent.c calls it when a host that names the right model asks for it and the self-test passes. An
 * application without a host calls it as soon as it has found that it works. Until then the third reset
 * starts the previous image, if there is one. */
bool confirm(void);

#endif
