/* The slots of a board, and the choice of the image that is started. */
#ifndef SBNN_BOOTLOADER_SLOTS_H
#define SBNN_BOOTLOADER_SLOTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "runtime/image.h"

/* The bits of slots_features, which a host reads; the lower four bits of that byte hold an
 * image_verdict. */
#define SLOTS_CHECK_SIGNATURES 0x10u
#define SLOTS_REFUSE_OLDER 0x20u
#define SLOTS_ARE_TWO 0x40u
#define SLOTS_SPARE_IS_SECOND 0x80u /* the next image must be written to the second slot */

/* Choose the image to start: the newest that is whole and, on boards with a key, signed. If the newest
 * has not confirmed itself in three starts, or has `crashed` before it did, choose the other one. An
 * image that was confirmed is chosen again after a crash. Returns false if there is none to start. */
bool slots_choose(bool crashed);

/* Count the start of the chosen image, before it starts, so that one which hangs at once is counted
 * too. Returns false if the journal did not take the record and the image is not confirmed: it must not
 * start, because it would never give way. */
bool slots_record(void);

/* Choose the image whose header, or whose first byte after the header, is at `address`, and count its
 * start. */
image_verdict slots_choose_at(uint32_t address);

/* Call it before flash changes: what the slots were found to hold is then found again. */
void slots_forget(void);

uint8_t slots_features(void);

/* Start the image that was chosen and whose start was counted, under the watchdog. */
noreturn void slots_start(void);

#endif
