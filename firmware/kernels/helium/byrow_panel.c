#include "byrow.h"

#include <arm_mve.h>

/* Copy `words` words of K of 16 outputs, which are rows of `stride` words; those that do not exist are
 * zeros. */
static uint32_t *lay_out(const uint32_t *w, uint32_t stride, uint32_t words, uint32_t outputs,
                         uint32_t *to) {
    const uint32x4_t fourth = vmulq_n_u32(vidupq_n_u32(0, 4), stride);
    for (uint32_t i = 0; i < 4u; i++) {
        const mve_pred16_t exist =
            vcmpltq_n_s32(vreinterpretq_s32_u32(vidupq_n_u32(i, 4)), (int32_t)outputs);
        for (uint32_t word = 0; word < words; word++) {
            vst1q_u32(to, vldrwq_gather_shifted_offset_z_u32(w + i * stride + word, fourth, exist));
            to += 4;
        }
    }
    return to;
}

byrow_panel sbnn_byrow_panel(uint32_t stored, uint32_t k, const uint32_t *w, uint32_t first,
                             uint32_t outputs, void *workspace) {
    const uint32_t words = (k + 31u) / 32u;
    const uint32_t groups = (outputs + BYROW_GROUP - 1u) / BYROW_GROUP;
    const uint32_t n = groups * BYROW_GROUP;
    const int is_wide = words > BYROW_CHUNK;
    uint8_t *const bytes = workspace;
    uint8_t *const halves = bytes + (words > BYROW_PASS ? 4u : 1u) * n;
    uint8_t *const limits = halves + (is_wide ? 2u * n : 0u);
    if (!stored) {
        uint32_t *const panel = (uint32_t *)(void *)(limits + (is_wide ? 2u : 1u) * n);
        uint32_t *to = panel;
        const uint32_t *const from = w + first * words;
        for (uint32_t word = 0; word < words; word += BYROW_PASS) {
            const uint32_t some = words - word < BYROW_PASS ? words - word : BYROW_PASS;
            for (uint32_t output = 0; output < outputs; output += BYROW_GROUP) {
                to = lay_out(from + output * words + word, words, some, outputs - output, to);
            }
        }
        w = panel;
    }
    return (byrow_panel){w, words, groups, bytes, (uint16_t *)(void *)halves, limits};
}
