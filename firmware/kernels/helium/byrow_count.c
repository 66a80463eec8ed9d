#include "byrow.h"

#include <arm_mve.h>

/* Add bytes to halfwords, or set these the first time. VMOVLB and VMOVLT widen the even and the odd
 * bytes, and VST2 puts them into order. */
static void widen(const uint8_t *bytes, uint32_t groups, int is_first, uint16_t *halves) {
    for (; groups > 0u; groups--) {
        const uint8x16_t now = vld1q_u8(bytes);
        uint16x8x2_t both = {{vmovlbq_u8(now), vmovltq_u8(now)}};
        if (!is_first) {
            const uint16x8x2_t before = vld2q_u16(halves);
            both.val[0] = vaddq_u16(both.val[0], before.val[0]);
            both.val[1] = vaddq_u16(both.val[1], before.val[1]);
        }
        vst2q_u16(halves, both);
        bytes += BYROW_GROUP;
        halves += BYROW_GROUP;
    }
}

void sbnn_byrow_count(const byrow_panel *panel, const uint32_t *x) {
    static byrow_pass *const last[BYROW_PASS] = {sbnn_byrow_last1, sbnn_byrow_last2, sbnn_byrow_last3};
    static byrow_pass *const more[BYROW_PASS] = {sbnn_byrow_last1_more, sbnn_byrow_last2_more,
                                                 sbnn_byrow_last3_more};
    const uint32_t groups = panel->groups;
    const uint32_t *w = panel->w;
    uint8_t *const bytes = panel->bytes;
    for (uint32_t first = 0; first < panel->words; first += BYROW_CHUNK) {
        const uint32_t left = panel->words - first;
        const uint32_t some = left < BYROW_CHUNK ? left : BYROW_CHUNK;
        if (some <= BYROW_PASS) {
            last[some - 1u](x, w, groups, bytes, sbnn_mve_ones);
        } else {
            sbnn_byrow_part(x, w, groups, bytes, sbnn_mve_ones);
            more[some - BYROW_PASS - 1u](x + BYROW_PASS, w + BYROW_PASS * BYROW_GROUP * groups, groups,
                                         bytes, sbnn_mve_ones);
        }
        if (byrow_is_wide(panel)) {
            widen(bytes, groups, first == 0u, panel->halves);
        }
        x += some;
        w += some * BYROW_GROUP * groups;
    }
}
