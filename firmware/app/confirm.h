/* An image that runs says so, and is then what a reset starts. */
#ifndef SBNN_APP_CONFIRM_H
#define SBNN_APP_CONFIRM_H

/* The image that this application runs from is good: the bootloader counts its starts no longer, and
 * with a key starts none of a lower counter any more. Does nothing the second time, and where the board
 * has no journal.
 *
 * It is called with the first request of a host, before the answer: who has that knows that it is done.
 * An application that needs no host calls it when it has seen that it works: until then the third reset
 * starts the image before this one, if there is one. */
void confirm(void);

#endif
