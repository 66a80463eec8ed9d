/* The slots of a board, and which of their images is started. */
#ifndef SBNN_BOOTLOADER_SLOTS_H
#define SBNN_BOOTLOADER_SLOTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "runtime/image.h"

/* What a host is told by slots_features, as bits; the lower four are an image_verdict's. */
#define SLOTS_CHECK_SIGNATURES 0x10u
#define SLOTS_REFUSE_OLDER 0x20u
#define SLOTS_ARE_TWO 0x40u
#define SLOTS_SPARE_IS_SECOND 0x80u /* the slot for the next image is the second */

/* Choose the image to be started: the newest that is whole, and signed where that is asked for; the one
 * before it, if the newest has not confirmed itself in three starts, or has `crashed` before it did.
 * False if there is none, or if one crashed that was confirmed or has no other behind it. */
bool slots_choose(bool crashed);

/* Choose the image whose header or whose first byte behind it stands at `address`. */
image_verdict slots_choose_at(uint32_t address);

uint8_t slots_features(void);

/* Start the image that was chosen, under the watchdog. */
noreturn void slots_start(void);

#endif
