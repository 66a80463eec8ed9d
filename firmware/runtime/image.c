#include "runtime/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "runtime/crc32.h"
#include "runtime/difference.h"
#include "runtime/sha256.h"

#define VECTOR_BYTES 8u /* an image has at least its first two vectors: stack and reset */

static bool has_digest(const uint8_t *bytes, uint32_t count, const uint8_t *expected,
                       uint32_t *difference) {
    uint8_t digest[32];
    sha256(bytes, count, digest);
    *difference = difference_of(digest, expected, sizeof digest);
    return memcmp(digest, expected, sizeof digest) == 0;
}

image_verdict image_check(const uint8_t *slot, uint32_t slot_bytes, uint32_t address, const char *board,
                          uint32_t *difference) {
    image_header header;
    memcpy(&header, slot, sizeof header);
    if (header.magic != IMAGE_MAGIC || header.header_version != IMAGE_HEADER_VERSION ||
        header.header_crc32 != crc32_update(0, slot, offsetof(image_header, header_crc32))) {
        return IMAGE_NONE;
    }
    if (memcmp(header.board, board, sizeof header.board) != 0) {
        return IMAGE_OF_OTHER_BOARD;
    }
    if (header.address != address) {
        return IMAGE_MISPLACED;
    }
    /* Checked before the image is read: a wrong size could lead out of the slot. */
    if (header.image_bytes > slot_bytes - IMAGE_HEADER_BYTES) {
        return IMAGE_TOO_LARGE;
    }
    if (header.image_bytes < VECTOR_BYTES ||
        header.image_crc32 != crc32_update(0, slot + IMAGE_HEADER_BYTES, header.image_bytes) ||
        !has_digest(slot + IMAGE_HEADER_BYTES, header.image_bytes, header.image_sha256, difference)) {
        return IMAGE_DAMAGED;
    }
    return IMAGE_WHOLE;
}
