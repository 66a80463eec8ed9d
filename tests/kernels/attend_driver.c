/* Runs the kernels of attention on buffers of exactly the sizes that their header states, so that the
 * sanitizers notice an access to one byte more.
 *
 * Input: form (0 map, 1 context), heads, m, n, k, then queries, keys, table and ratio, or p, v and
 * limit. Output: the bytes of workspace, then y. This repeats until the end of the input. */
#include "linear_attend.h"

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

/* A kernel may not rely on zeros in its output, nor in its workspace. */
static void *filled(size_t bytes) {
    void *const memory = malloc(bytes);
    if (memory == NULL) {
        abort();
    }
    return memset(memory, 0xA5, bytes);
}

static uint32_t words_of(uint32_t bits) {
    return (bits + 31u) / 32u;
}

int main(void) {
    uint32_t s[5];
    while (fread(s, sizeof s, 1, stdin) == 1) {
        const uint32_t heads = s[1];
        const uint32_t m = s[2];
        const uint32_t n = s[3];
        const uint32_t k = s[4];
        const uint32_t bytes = sbnn_attend_workspace_bytes(s[0] == 0u ? n : m, k);
        const size_t words = (size_t)heads * m * words_of(n);
        void *const workspace = filled(bytes);
        uint32_t *const y = filled(words * 4u);
        uint32_t *const a = take((size_t)heads * m * words_of(k));
        uint32_t *const b = take((size_t)heads * n * words_of(k));
        int32_t *const entries = take((size_t)heads * (s[0] == 0u ? k + 1u : n));
        if (s[0] == 0u) {
            float *const ratio = take(heads);
            sbnn_scores_map_attend(heads, m, n, k, a, b, entries, ratio, workspace, y);
            free(ratio);
        } else {
            sbnn_context_attend(heads, m, n, k, a, b, entries, workspace, y);
        }
        give(&bytes, 1);
        give(y, words);
        fflush(stdout);
        free(workspace);
        free(y);
        free(a);
        free(b);
        free(entries);
    }
    return 0;
}
