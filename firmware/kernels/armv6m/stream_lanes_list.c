#include "lookup_saved.h"
#include "stream_lanes.h"

/* Numbers are addresses.
 *
 *   r0 r3     addresses of the word and of the list
 *   r1 r2     addresses of entries
 *   r4        word
 *   r5        mask of a field, shifted left to the bits of a byte offset
 *   r6 r7 r8-r12 lr   tables of the fields
 *   stack     bytes from word to word, end of the list */
#define LOWEST(entry) "lsls " entry ", r4, #4\n"
#define SECOND(entry) "movs " entry ", r4\n"
#define LATER(entry, down) "lsrs " entry ", r4, #" down "\n"
#define ENTRY(entry, offset, table)                                                                    \
    offset "ands " entry ", r5\n"                                                                      \
           "add " entry ", " entry ", " table "\n"
#define TWO "stm r3!, {r1, r2}\n"
#define TABLE(number)                                                                                  \
    "adds r1, r1, r2\n"                                                                                \
    "mov " number ", r1\n"

__attribute__((naked)) void sbnn_lanes_list(__attribute__((unused)) const uint32_t *x,
                                            __attribute__((unused)) uint32_t stride,
                                            __attribute__((unused)) uint32_t count,
                                            __attribute__((unused)) const uint32_t *tables,
                                            __attribute__((unused)) uint32_t *list) {
    __asm volatile(
        LOOKUP_SAVE "lsls r4, r1, #2\n"
                    "movs r1, r3\n"
                    "ldr r3, [sp, #36]\n"
                    "lsls r5, r2, #5\n"
                    "adds r5, r5, r3\n"
                    "push {r4, r5}\n"
                    "movs r2, #128\n"
                    "adds r2, r2, r2\n"
                    "movs r5, #240\n"
                    "movs r6, r1\n" /**/
        TABLE("r7") TABLE("r8") TABLE("r9") TABLE("r10") TABLE("r11") TABLE("r12")
            TABLE("lr") "1:\n"
                        "ldr r4, [r0]\n"                                                           /**/
        ENTRY("r1", LOWEST("r1"), "r6") ENTRY("r2", SECOND("r2"), "r7") TWO                        /**/
            ENTRY("r1", LATER("r1", "4"), "r8") ENTRY("r2", LATER("r2", "8"), "r9") TWO            /**/
                ENTRY("r1", LATER("r1", "12"), "r10") ENTRY("r2", LATER("r2", "16"), "r11") TWO    /**/
                    ENTRY("r1", LATER("r1", "20"), "r12") ENTRY("r2", LATER("r2", "24"), "lr") TWO /**/
        "ldr r1, [sp]\n"
        "adds r0, r0, r1\n"
        "ldr r1, [sp, #4]\n"
        "cmp r3, r1\n"
        "bne 1b\n"
        "add sp, #8\n" LOOKUP_RETURN);
}
