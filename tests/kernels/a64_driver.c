/* Runs the kernels of linear_a64.h on buffers of exactly the sizes that are given, so that the
 * sanitizers notice an access to one byte more.
 *
 * Input: the function, by its place in the list below, its numbers, then of its six reads (x, w, base,
 * factor, slope and residual; of pack x and the threshold; of map queries, keys, table and ratio) and
 * the workspace and the output each the bytes; -1 for NULL, -2 for an output that is the residual. Then
 * the contents of what is read. Output: the output. This repeats until the end of the input. */
#include "linear_a64.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES, BITS, BYTES, PACK, MAP };
enum { NUMBERS = 17, READS = 6, WORKSPACE = READS, OUTPUT };

static void *take(int32_t bytes) {
    if (bytes < 0) {
        return NULL;
    }
    void *const memory = malloc((size_t)bytes);
    if (memory == NULL || fread(memory, 1, (size_t)bytes, stdin) != (size_t)bytes) {
        abort();
    }
    return memory;
}

static void *blank(int32_t bytes) {
    void *const memory = malloc((size_t)bytes);
    /* A kernel may not rely on zeros in its output, nor in its workspace. */
    return memset(memory, 0xA5, (size_t)bytes);
}

#define GRID u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], i[8], i[9], u[10]

int main(void) {
    int32_t function;
    while (fread(&function, sizeof function, 1, stdin) == 1) {
        int32_t i[NUMBERS];
        int32_t bytes[OUTPUT + 1];
        if (fread(i, sizeof i, 1, stdin) != 1 || fread(bytes, sizeof bytes, 1, stdin) != 1) {
            abort();
        }
        uint32_t u[NUMBERS];
        memcpy(u, i, sizeof u);
        void *r[READS];
        for (size_t place = 0; place < READS; place++) {
            r[place] = take(bytes[place]);
        }
        void *const workspace = blank(bytes[WORKSPACE]);
        void *const y = bytes[OUTPUT] == -2 ? r[READS - 1] : blank(bytes[OUTPUT]);
        switch (function) {
        case VALUES:
            sbnn_a64_values(GRID, u[11], u[12], u[13], u[14], r[0], r[1], r[2], r[3], r[4], r[5],
                            workspace, y);
            break;
        case BITS:
            sbnn_a64_bits(GRID, u[11], u[12], u[13], u[14], r[0], r[1], r[2], r[3], r[5], workspace, y);
            break;
        case BYTES:
            sbnn_a64_bytes(GRID, u[11], u[12], u[13], u[14], u[15], u[16], r[0], r[1], r[2], r[3], r[4],
                           r[5], workspace, y);
            break;
        case PACK:
            sbnn_a64_pack(u[0], u[1], r[0], r[1], y);
            break;
        default:
            sbnn_a64_scores_map(u[0], u[1], u[2], u[3], r[0], r[1], r[2], r[3], workspace, y);
        }
        const size_t size = (size_t)(bytes[OUTPUT] == -2 ? bytes[READS - 1] : bytes[OUTPUT]);
        if (fwrite(y, 1, size, stdout) != size || fflush(stdout) != 0) {
            abort();
        }
        if (bytes[OUTPUT] != -2) {
            free(y);
        }
        free(workspace);
        for (size_t place = 0; place < READS; place++) {
            free(r[place]);
        }
    }
    return 0;
}
