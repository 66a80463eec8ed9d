/* Confirms an image that MCUboot started: what its boot_set_confirmed does. */
#include <string.h>

#include "app/confirm.h"
#include "board.h"
#include "hal/flash.h"

/* At the slot's end is a magic number, which MCUboot writes with a new image, and before it, one per
 * flag, words of this size (docs/design.md of MCUboot, "Image trailer"). The flag "image OK" is the
 * last one. */
#define ALIGNMENT SBNN_MCUBOOT_ALIGNMENT
#define MAGIC_BYTES 16u
#define END (SBNN_SLOT_ORIGIN + SBNN_SLOT_BYTES)
#define IMAGE_OK (END - (MAGIC_BYTES > ALIGNMENT ? MAGIC_BYTES : ALIGNMENT) - ALIGNMENT)
#define SET 1u

static const uint8_t magic[MAGIC_BYTES] = {
#if SBNN_MCUBOOT_ALIGNMENT == 8
    0x77, 0xC2, 0x95, 0xF3, 0x60, 0xD2, 0xEF, 0x7F, 0x35, 0x52, 0x50, 0x0F, 0x2C, 0xB6, 0x79, 0x80,
#else
    ALIGNMENT, 0, 0x2D, 0xE1, 0x5D, 0x29, 0x41, 0x0B, 0x8D, 0x77, 0x67, 0x9C, 0x11, 0x0F, 0x1F, 0x8A,
#endif
};

static bool is_blank(const uint8_t *bytes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (bytes[i] != 0xFFu) {
            return false;
        }
    }
    return true;
}

bool confirm(void) {
    const uint8_t *const end = flash_at(END - MAGIC_BYTES);
    const uint8_t *const flag = flash_at(IMAGE_OK);
    /* No magic number: a probe wrote the image, and MCUboot has none to which it could return. */
    if (is_blank(end, MAGIC_BYTES)) {
        return true;
    }
    if (memcmp(end, magic, sizeof magic) != 0) {
        return false;
    }
    uint8_t word[ALIGNMENT];
    memset(word, 0xFF, sizeof word);
    word[0] = SET;
    return *flag == SET || flash_write(IMAGE_OK, word, sizeof word);
}
