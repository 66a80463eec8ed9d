/* The frames of the serial protocol (docs/protocol.md): found in a stream of arbitrary bytes, and
 * written.
 *
 *   0 A5 | 1 5A | 2 version | 3 sequence | 4 type | 5 status | 6 payload length, u16 | 8 payload |
 * CRC-32
 *
 * The CRC covers byte 2 to the payload's end. */
#ifndef SBNN_RUNTIME_FRAME_H
#define SBNN_RUNTIME_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#define FRAME_FIRST 0xA5u /* the first byte of every frame; not a text character */
#define FRAME_VERSION 1u
#define FRAME_HEADER_BYTES 8u
#define FRAME_CRC_BYTES 4u
#define FRAME_MAX_PAYLOAD 1024u
#define FRAME_MAX_BYTES (FRAME_HEADER_BYTES + FRAME_MAX_PAYLOAD + FRAME_CRC_BYTES)
#define FRAME_RESPONSE 0x80u /* set in the type of every response */

/* The status byte; 0 in requests. */
enum {
    FRAME_STATUS_OK = 0,
    FRAME_STATUS_UNKNOWN_TYPE = 1,
    FRAME_STATUS_BAD_LENGTH = 2,
    FRAME_STATUS_OUT_OF_RANGE = 3,
    FRAME_STATUS_NO_RESULT = 4,
    FRAME_STATUS_BAD_CRC = 5,
    FRAME_STATUS_BAD_VERSION = 6,
};

/* Received bytes that are not yet decoded. A decoder of zeros is empty. */
typedef struct {
    uint8_t bytes[FRAME_MAX_BYTES];
    uint32_t used;
    uint32_t done; /* bytes of the last frame that was returned, or of a false start */
} frame_decoder;

/* A received frame. `payload` points into the decoder and is valid until the next call on it. */
typedef struct {
    uint8_t fault; /* FRAME_STATUS_OK; or _BAD_LENGTH, _BAD_CRC or _BAD_VERSION: answer it without
                      reading on */
    uint8_t sequence;
    uint8_t type;
    uint8_t status;
    uint16_t length;
    const uint8_t *payload;
} frame;

/* Add a received byte. Between two bytes, frame_next must have been called until it returned false. */
void frame_push(frame_decoder *decoder, uint8_t byte);

/* Find the next frame. Returns false when more bytes are needed.
 *
 * Bytes that begin no frame are dropped. A length above FRAME_MAX_PAYLOAD or a wrong CRC is reported
 * once; then the search continues directly after the magic, so that a frame hidden by a false start is
 * still found. Another version is reported only if the CRC is right; otherwise it is a false start
 * too. */
bool frame_next(frame_decoder *decoder, frame *found);

/* Whether a frame has begun and is not complete. */
bool frame_begun(const frame_decoder *decoder);

/* Call it when the line has been silent inside a frame: it drops that frame's beginning. Call
 * frame_next afterwards. */
void frame_expire(frame_decoder *decoder);

/* Write header and CRC around the `length` bytes of payload at `bytes` + FRAME_HEADER_BYTES; `length`
 * is at most FRAME_MAX_PAYLOAD. Returns the size of the whole frame in bytes. */
uint32_t frame_seal(uint8_t *bytes, uint8_t sequence, uint8_t type, uint8_t status, uint32_t length);

#endif
