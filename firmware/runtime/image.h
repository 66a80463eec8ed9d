/* The header of a firmware image, at the start of a slot (docs/protocol.md). */
#ifndef SBNN_RUNTIME_IMAGE_H
#define SBNN_RUNTIME_IMAGE_H

#include <stdint.h>

#define IMAGE_MAGIC 0x4E4E4253u /* "SBNN" */
#define IMAGE_HEADER_VERSION 3u
#define IMAGE_HEADER_BYTES 512u /* the vector table follows, and must be aligned to a power of two */
#define IMAGE_SIGNED_BYTES 444u /* the signed part of the header: all before the signature */

typedef struct {
    uint32_t magic;
    uint32_t header_version;
    uint32_t image_bytes; /* bytes after the header */
    uint32_t image_crc32; /* of these bytes */
    uint8_t model_hash[32];
    char board[32];            /* padded with NULs, as is the version */
    char firmware_version[16]; /* of sensor-bnn */
    uint8_t image_sha256[32];
    uint32_t address; /* of the header in flash */
    uint32_t counter; /* for signed images: one with a lower counter is older */
    uint8_t reserved[308];
    uint8_t signature[64]; /* Ed25519, or zeros */
    uint32_t header_crc32; /* of the 508 bytes before it */
} image_header;

_Static_assert(sizeof(image_header) == IMAGE_HEADER_BYTES, "the header is laid out by hand");

/* Why an image is not started. Hosts receive these numbers. */
typedef enum {
    IMAGE_WHOLE = 0,
    IMAGE_NONE = 1, /* no header */
    IMAGE_OF_OTHER_BOARD = 2,
    IMAGE_MISPLACED = 3, /* built for another address */
    IMAGE_TOO_LARGE = 4,
    IMAGE_DAMAGED = 5,
    IMAGE_UNSIGNED = 6,
    IMAGE_FORGED = 7, /* signed, but not with the board's key */
    IMAGE_OLDER = 8,
    IMAGE_UNRECORDED = 9,    /* the journal did not take the record of its start */
    IMAGE_ON_OWN_CLOCK = 10, /* before the first Go: the board's clock did not come at start-up */
} image_verdict;

/* Check the `slot_bytes` at `slot` (4-byte aligned, more than IMAGE_HEADER_BYTES), which are at
 * `address` in the board's flash. Their contents may be arbitrary. Returns IMAGE_WHOLE to
 * IMAGE_DAMAGED. `board` is the 32 bytes of the name that a right header contains. `difference`, which
 * the caller sets to DIFFERENCE_UNKNOWN, becomes that of the digests once they are compared. */
image_verdict image_check(const uint8_t *slot, uint32_t slot_bytes, uint32_t address, const char *board,
                          uint32_t *difference);

#endif
