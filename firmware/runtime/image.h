/* The header of a firmware image, at the start of the application slot (docs/protocol.md). */
#ifndef SBNN_RUNTIME_IMAGE_H
#define SBNN_RUNTIME_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#define IMAGE_MAGIC 0x4E4E4253u /* "SBNN" */
#define IMAGE_HEADER_VERSION 2u
#define IMAGE_HEADER_BYTES 512u /* the vector table follows, and must be aligned to a power of two */

typedef struct {
    uint32_t magic;
    uint32_t header_version;
    uint32_t image_bytes; /* behind the header */
    uint32_t image_crc32; /* of these bytes */
    uint8_t model_hash[32];
    char board[32];            /* NUL padded, as is the version */
    char firmware_version[16]; /* of sensor-bnn */
    uint8_t image_sha256[32];
    uint8_t reserved[380];
    uint32_t header_crc32; /* of the 508 bytes before it */
} image_header;

_Static_assert(sizeof(image_header) == IMAGE_HEADER_BYTES, "the header is laid out by hand");

/* Whether the `slot_bytes` at `slot` (4-byte aligned, more than IMAGE_HEADER_BYTES) begin with a whole
 * image for `board`. Any bytes may stand there. */
bool image_is_whole(const uint8_t *slot, uint32_t slot_bytes, const char *board);

#endif
