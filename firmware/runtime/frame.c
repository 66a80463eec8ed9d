#include "runtime/frame.h"

#include <string.h>

#include "runtime/bytes.h"
#include "runtime/crc32.h"

static const uint8_t magic[2] = {FRAME_FIRST, 0x5A};

/* Drop the first `count` bytes, then all bytes that cannot begin a frame. */
static void advance(frame_decoder *decoder, uint32_t count) {
    const uint8_t *bytes = decoder->bytes;
    while (count < decoder->used && (bytes[count] != magic[0] ||
                                     (count + 1u < decoder->used && bytes[count + 1u] != magic[1]))) {
        count++;
    }
    decoder->used -= count;
    decoder->done = 0;
    memmove(decoder->bytes, bytes + count, decoder->used);
}

void frame_push(frame_decoder *decoder, uint8_t byte) {
    decoder->bytes[decoder->used++] = byte;
}

bool frame_next(frame_decoder *decoder, frame *found) {
    const uint8_t *bytes = decoder->bytes;
    for (;;) {
        advance(decoder, decoder->done);
        if (decoder->used < FRAME_HEADER_BYTES) {
            return false;
        }
        const uint32_t length = bytes_load16(bytes + 6);
        const uint32_t whole = FRAME_HEADER_BYTES + length + FRAME_CRC_BYTES;
        const bool known = bytes[2] == FRAME_VERSION;
        found->sequence = bytes[3];
        found->type = bytes[4];
        found->status = bytes[5];
        found->length = (uint16_t)length;
        found->payload = bytes + FRAME_HEADER_BYTES;
        /* If this is no frame, only its magic is dropped: a true frame may begin within the rest. */
        decoder->done = sizeof magic;
        if (length > FRAME_MAX_PAYLOAD) {
            if (!known) {
                continue;
            }
            found->fault = FRAME_STATUS_BAD_LENGTH;
            return true;
        }
        if (decoder->used < whole) {
            decoder->done = 0;
            return false;
        }
        if (crc32_update(0, bytes + 2, whole - FRAME_CRC_BYTES - 2u) !=
            bytes_load32(bytes + whole - FRAME_CRC_BYTES)) {
            if (!known) {
                continue;
            }
            found->fault = FRAME_STATUS_BAD_CRC;
            return true;
        }
        decoder->done = whole;
        found->fault = known ? FRAME_STATUS_OK : FRAME_STATUS_BAD_VERSION;
        return true;
    }
}

bool frame_begun(const frame_decoder *decoder) {
    return decoder->used > 0u;
}

void frame_expire(frame_decoder *decoder) {
    advance(decoder, decoder->used > 0u ? 1u : 0u);
}

uint32_t frame_seal(uint8_t *bytes, uint8_t sequence, uint8_t type, uint8_t status, uint32_t length) {
    const uint32_t end = FRAME_HEADER_BYTES + length;
    memcpy(bytes, magic, sizeof magic);
    bytes[2] = FRAME_VERSION;
    bytes[3] = sequence;
    bytes[4] = type;
    bytes[5] = status;
    bytes_store16(bytes + 6, (uint16_t)length);
    bytes_store32(bytes + end, crc32_update(0, bytes + 2, end - 2u));
    return end + FRAME_CRC_BYTES;
}
