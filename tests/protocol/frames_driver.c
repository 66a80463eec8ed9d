/* Reports what the firmware's decoder accepts, batch by batch, from standard input to standard output.
 *
 * A batch is a u32 count and that many bytes, followed by silence; at its end the decoder must be
 * empty. The answer to each batch is a u32 count of accepted frames; for each frame a u32 size and its
 * bytes as frame_seal writes them again; then a u32 count of the faults that were reported. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/frame.h"

#define MOST (1u << 20)

static frame_decoder decoder;
static uint8_t batch[MOST], accepted[MOST];
static uint32_t used, count, faults;

static void search(void) {
    frame found;
    while (frame_next(&decoder, &found)) {
        if (found.fault != FRAME_STATUS_OK) {
            faults++;
            continue;
        }
        uint8_t sealed[FRAME_MAX_BYTES];
        memcpy(sealed + FRAME_HEADER_BYTES, found.payload, found.length);
        const uint32_t bytes =
            frame_seal(sealed, found.sequence, found.type, found.status, found.length);
        if (used + 4u + bytes > MOST) {
            abort();
        }
        memcpy(accepted + used, &bytes, 4);
        memcpy(accepted + used + 4, sealed, bytes);
        used += 4u + bytes;
        count++;
    }
}

int main(void) {
    uint32_t bytes;
    while (fread(&bytes, 4, 1, stdin) == 1) {
        if (bytes > MOST || fread(batch, 1, bytes, stdin) != bytes) {
            abort();
        }
        used = count = faults = 0;
        for (uint32_t i = 0; i < bytes; i++) {
            frame_push(&decoder, batch[i]);
            search();
        }
        while (frame_begun(&decoder)) {
            frame_expire(&decoder);
            search();
        }
        fwrite(&count, 4, 1, stdout);
        fwrite(accepted, 1, used, stdout);
        fwrite(&faults, 4, 1, stdout);
    }
    return 0;
}
