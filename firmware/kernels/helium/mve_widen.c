#include "mve.h"

#include <arm_mve.h>

/* VMOVLB and VMOVLT widen the even and the odd bytes. */
void sbnn_mve_widen(const uint8_t *bytes, uint32_t n, uint16_t *mismatches) {
    for (uint32_t left = n / 16u; left > 0u; left--) {
        const uint8x16x4_t now = vld4q_u8(bytes);
        uint16x8_t even = vld1q_u16(mismatches);
        uint16x8_t odd = vld1q_u16(mismatches + 8);
        for (uint32_t i = 0; i < 4u; i++) {
            even = vaddq_u16(even, vmovlbq_u8(now.val[i]));
            odd = vaddq_u16(odd, vmovltq_u8(now.val[i]));
        }
        vst1q_u16(mismatches, even);
        vst1q_u16(mismatches + 8, odd);
        bytes += 64;
        mismatches += 16;
    }
}
