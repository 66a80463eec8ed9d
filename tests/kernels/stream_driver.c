/* Runs the kernels of the integer stream on buffers of exactly the sizes that are given, so that the
 * sanitizers notice an access to one byte more.
 *
 * Input: the function, by its place in the list below, its numbers, then of its seven reads (x, w,
 * three constants, the residual) and the workspace and the output each the bytes; -1 for NULL, -2 for
 * an output that is the residual. Then the contents of what is read. Output: the output. This repeats
 * until the end of the input. */
#include "linear_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    VALUES,
    BITS,
    BYTES,
    PLAIN,
    PACK,
    POOL,
    SUM,
    MAX,
    COUNT,
    QUANTIZE16,
    QUANTIZE32,
    TURNED,
    MOVE,
    IMAGE,
    SCORES,
    LANES,
    LANES_BITS,
    STEM,
    CONTEXT,
    PIXELS,
    WINDOW,
    ROWS_PLAIN
};
enum { NUMBERS = 17, READS = 6, WORKSPACE = READS, OUTPUT };

static const size_t numbers_of[] = {17, 16, 17, 17, 2,  5,  2,  2, 2, 3, 4,
                                    3,  2,  17, 4,  17, 16, 12, 3, 3, 9, 8};

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
#if defined(__arm__) && !defined(STREAM_CORE)
    /* On an emulated core they are files, by semihosting; stream_core.c has opened them. */
    if (freopen("in", "rb", stdin) == NULL || freopen("out", "wb", stdout) == NULL) {
        abort();
    }
#endif
    int32_t function;
    while (fread(&function, sizeof function, 1, stdin) == 1) {
        int32_t i[NUMBERS];
        int32_t bytes[OUTPUT + 1];
        const size_t numbers = numbers_of[function];
        if (fread(i, sizeof *i, numbers, stdin) != numbers ||
            fread(bytes, sizeof *bytes, OUTPUT + 1, stdin) != OUTPUT + 1) {
            abort();
        }
        uint32_t u[NUMBERS] = {0};
        memcpy(u, i, numbers * sizeof *u);
        void *read[READS];
        for (size_t place = 0; place < READS; place++) {
            read[place] = take(bytes[place]);
        }
        void *const workspace = blank(bytes[WORKSPACE]);
        void *const y = bytes[OUTPUT] == -2 ? read[READS - 1] : blank(bytes[OUTPUT]);
        if (function == VALUES) {
            sbnn_stream_values(GRID, u[11], u[12], u[13], u[14], u[15], u[16], read[0], read[1],
                               read[2], read[3], read[4], read[5], workspace, y);
        } else if (function == IMAGE) {
            sbnn_stream_image(GRID, u[11], u[12], u[13], u[14], u[15], u[16], read[0], read[1], read[2],
                              read[3], read[4], read[5], workspace, y);
        } else if (function == SCORES) {
            sbnn_stream_scores(u[0], u[1], u[2], u[3], read[0], read[1], read[2], read[3], workspace,
                               y);
        } else if (function == LANES) {
            sbnn_stream_lanes(GRID, u[11], u[12], u[13], u[14], u[15], u[16], read[0], read[1], read[2],
                              read[4], read[5], workspace, y);
        } else if (function == LANES_BITS) {
            sbnn_stream_lanes_bits(GRID, u[11], u[12], u[13], u[14], u[15], read[0], read[1], read[2],
                                   read[5], workspace, y);
        } else if (function == STEM) {
            sbnn_stream_stem(u[0], u[1], u[2], u[3], u[4], u[5], i[6], i[7], u[8], u[9], u[10], u[11],
                             read[0], read[1], read[2], read[4], workspace, y);
        } else if (function == CONTEXT) {
            sbnn_stream_context(u[0], u[1], u[2], read[0], read[1], read[2], workspace, y);
        } else if (function == PIXELS) {
            sbnn_stream_quantize_image(u[0], u[1], u[2], read[0], read[1], read[2], workspace, y);
        } else if (function == WINDOW) {
            sbnn_stream_window(u[0], u[1], u[2], i[3], u[4], u[5], u[6], u[7], u[8], read[0], read[1],
                               read[2], workspace, y);
        } else if (function == BITS) {
            sbnn_stream_bits(GRID, u[11], u[12], u[13], u[14], u[15], read[0], read[1], read[2],
                             read[3], read[5], workspace, y);
        } else if (function == PACK) {
            sbnn_stream_pack(u[0], u[1], read[0], read[1], y);
        } else if (function == BYTES) {
            sbnn_stream_bytes(GRID, u[11], u[12], u[13], u[14], u[15], u[16], read[0], read[1], read[2],
                              read[3], read[4], read[5], workspace, y);
        } else if (function == PLAIN) {
            sbnn_stream_bytes_plain(GRID, u[11], u[12], u[13], u[14], u[15], u[16], read[0], read[1],
                                    read[2], read[3], read[4], read[5], workspace, y);
        } else if (function == ROWS_PLAIN) {
            sbnn_stream_rows_plain(u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], read[0], read[1],
                                   read[2], read[3], read[4], read[5], workspace, y);
        } else if (function == POOL) {
            sbnn_stream_pool(u[0], u[1], u[2], u[3], u[4], read[0], y);
        } else if (function == SUM) {
            sbnn_stream_token_sum(u[0], u[1], read[0], y);
        } else if (function == MAX) {
            sbnn_stream_token_max(u[0], u[1], read[0], y);
        } else if (function == COUNT) {
            sbnn_stream_token_count(u[0], u[1], read[0], y);
        } else if (function == QUANTIZE16) {
            sbnn_stream_quantize16(u[0], u[1], u[2], read[0], read[1], read[2], y);
        } else if (function == QUANTIZE32) {
            sbnn_stream_quantize32(u[0], u[1], u[2], u[3], read[0], read[1], read[2], y);
        } else if (function == MOVE) {
            sbnn_stream_move(u[0], u[1], read[0], y);
        } else {
            sbnn_stream_quantize_turned(u[0], u[1], u[2], read[0], read[1], read[2], y);
        }
        const size_t size = (size_t)bytes[bytes[OUTPUT] == -2 ? READS - 1 : OUTPUT];
        if (fwrite(y, 1, size, stdout) != size) {
            abort();
        }
        fflush(stdout);
        if (y != read[READS - 1]) {
            free(y);
        }
        free(workspace);
        for (size_t place = 0; place < READS; place++) {
            free(read[place]);
        }
    }
    return 0;
}
