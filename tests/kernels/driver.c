/* Runs a family of C kernels on buffers of exactly the sizes that their header states, so that the
 * sanitizers notice an access to one byte more.
 *
 * Input: lanes, or of NEON whether weights are panels, m, n, k, form (0 bits, 1 floats, 2 floats and a
 * residual, 3 the same in place), then x, w and limit, or scale and bias and the residual. Output: the
 * bytes of workspace, then y. This repeats until the end of the input. */
#ifdef DRIVE_NEON
#include "linear_neon.h"
#define WORKSPACE_BYTES(lanes, n, k) sbnn_neon_workspace_bytes(k)
#define PACKED sbnn_linear_packed_neon
#define FLOATS sbnn_linear_float_neon
#else
#include "linear_lookup.h"
#define WORKSPACE_BYTES sbnn_lookup_workspace_bytes
#define PACKED(lanes, ...)                                                                             \
    ((lanes) == 8u ? sbnn_linear_packed_lookup8 : sbnn_linear_packed_lookup16)(__VA_ARGS__)
#define FLOATS(lanes, ...)                                                                             \
    ((lanes) == 8u ? sbnn_linear_float_lookup8 : sbnn_linear_float_lookup16)(__VA_ARGS__)
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *take(size_t words) {
    void *const memory = malloc(words * 4u);
    if (memory == NULL || fread(memory, 4, words, stdin) != words) {
        abort();
    }
    return memory;
}

static void give(const void *memory, size_t words) {
    if (fwrite(memory, 4, words, stdout) != words) {
        abort();
    }
}

static void packed(const uint32_t *s, const uint32_t *x, const uint32_t *w, void *workspace) {
    const size_t words = (size_t)s[1] * ((s[2] + 31u) / 32u);
    int32_t *const limit = take(s[2]);
    uint32_t *const y = malloc(words * 4u);
    /* A kernel may not rely on zeros in its output, nor in its workspace. */
    memset(y, 0xA5, words * 4u);
    PACKED(s[0], s[1], s[2], s[3], x, w, limit, workspace, y);
    give(y, words);
    free(limit);
    free(y);
}

static void floats(const uint32_t *s, const uint32_t *x, const uint32_t *w, void *workspace) {
    const size_t words = (size_t)s[1] * s[2];
    float *const scale = take(s[2]);
    float *const bias = take(s[2]);
    float *const residual = s[4] >= 2u ? take(words) : NULL;
    float *const y = s[4] == 3u ? residual : malloc(words * 4u);
    FLOATS(s[0], s[1], s[2], s[3], x, w, scale, bias, residual, workspace, y);
    give(y, words);
    if (y != residual) {
        free(y);
    }
    free(residual);
    free(scale);
    free(bias);
}

int main(void) {
    uint32_t s[5];
    while (fread(s, sizeof s, 1, stdin) == 1) {
        const size_t words = (s[3] + 31u) / 32u;
        uint32_t *const x = take(s[1] * words);
        uint32_t *const w = take(s[2] * words);
        const uint32_t bytes = WORKSPACE_BYTES(s[0], s[2], s[3]);
        void *const workspace = malloc(bytes);
        memset(workspace, 0xA5, bytes);
        give(&bytes, 1);
        if (s[4] == 0u) {
            packed(s, x, w, workspace);
        } else {
            floats(s, x, w, workspace);
        }
        fflush(stdout);
        free(workspace);
        free(x);
        free(w);
    }
    return 0;
}
