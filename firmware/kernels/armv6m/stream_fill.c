#include "stream_fill.h"
#include "lookup_saved.h"

/* Bit `shift` of the column in r3, whose difference (lookup_columns.h) goes to a register. The first
 * bit sets entry 0, the others are added to it. */
#define BIT(bit, shift)                                                                                \
    "lsrs " bit ", r3, #" shift "\n"                                                                   \
    "ands " bit ", r2\n"
#define LOWEST_BIT(bit)                                                                                \
    "movs " bit ", r3\n"                                                                               \
    "ands " bit ", r2\n"
#define FIRST(bit)                                                                                     \
    bit "lsls r5, r4, #1\n"                                                                            \
        "subs r5, r2, r5\n"
#define SECOND(bit)                                                                                    \
    bit "adds r4, r4, r7\n"                                                                            \
        "lsls r6, r7, #1\n"                                                                            \
        "subs r6, r2, r6\n"
/* Bit 2, whose difference is step 0; then those whose steps follow. r1 is the sum of the differences.
 */
#define DIFFERENCE                                                                                     \
    "adds r4, r4, r7\n"                                                                                \
    "lsls r7, r7, #1\n"                                                                                \
    "subs r7, r2, r7\n"
#define THIRD(bit)                                                                                     \
    bit DIFFERENCE "mov r8, r7\n"                                                                      \
                   "movs r1, r7\n"
#define LATER(bit, step)                                                                               \
    bit DIFFERENCE "subs r7, r7, r1\n"                                                                 \
                   "mov " step ", r7\n"                                                                \
                   "adds r1, r1, r1\n"                                                                 \
                   "adds r1, r1, r7\n"
#define COLUMN(number)                                                                                 \
    "mov r3, r12\n"                                                                                    \
    "ldr r3, [r3, #4 * " number "]\n"

/* Entries 1 to 3 from entry 0 and the differences of the two lowest bits; then the field. */
#define BLOCK                                                                                          \
    "adds r5, r4, r5\n"                                                                                \
    "adds r7, r5, r6\n"                                                                                \
    "adds r6, r4, r6\n"                                                                                \
    "bl 9f\n"
#define SECOND_HALF STEP("r11") "bl 9f\n"

#define STORE "stm r0!, {r4-r7}\n"
#define STEP(step)                                                                                     \
    "add r4, r4, " step "\n"                                                                           \
    "add r5, r5, " step "\n"                                                                           \
    "add r6, r6, " step "\n"                                                                           \
    "add r7, r7, " step "\n"

/*   r0      next word of the tables
 *   r1      sum of the differences of bits 2 and on
 *   r2      ones
 *   r3      a column
 *   r4-r7   the block
 *   r8-r11  steps 0 to 3
 *   r12     address of the columns */
__attribute__((naked)) void sbnn_stream_fill(__attribute__((unused)) uint32_t *tables,
                                             __attribute__((unused)) const uint32_t *columns) {
    __asm volatile(
        LOOKUP_SAVE "mov r12, r1\n"
                    "ldr r2, =0x11111111\n" /**/
        COLUMN("0") FIRST(LOWEST_BIT("r4")) SECOND(BIT("r7", "1")) THIRD(BIT("r7", "2"))
            LATER(BIT("r7", "3"), "r9") COLUMN("1") LATER(LOWEST_BIT("r7"), "r10") LATER(
                BIT("r7", "1"), "r11") BLOCK SECOND_HALF /**/
                COLUMN("1") FIRST(BIT("r4", "2")) SECOND(BIT("r7", "3")) COLUMN("2") THIRD(LOWEST_BIT(
                    "r7")) LATER(BIT("r7", "1"), "r9") LATER(BIT("r7", "2"), "r10") BLOCK /**/
                    COLUMN("2") FIRST(BIT("r4", "3")) COLUMN("3") SECOND(LOWEST_BIT("r7")) THIRD(BIT(
                        "r7", "1")) LATER(BIT("r7", "2"), "r9") LATER(BIT("r7", "3"), "r10") BLOCK /**/
                        COLUMN("4") FIRST(LOWEST_BIT("r4")) SECOND(BIT("r7", "1")) THIRD(BIT("r7", "2"))
                            LATER(BIT("r7", "3"),
                                  "r9") COLUMN("5") LATER(LOWEST_BIT("r7"), "r10") BLOCK /**/
                                COLUMN("5") FIRST(BIT("r4", "1")) SECOND(BIT("r7", "2"))
                                    THIRD(BIT("r7", "3")) COLUMN("6") LATER(LOWEST_BIT("r7"), "r9")
                                        LATER(BIT("r7", "1"), "r10") BLOCK /**/
                                            COLUMN("6") FIRST(BIT("r4", "2")) SECOND(BIT("r7", "3"))
                                                COLUMN("7") THIRD(LOWEST_BIT("r7")) LATER(
                                                    BIT("r7", "1"), "r9") LATER(BIT("r7", "2"), "r10")
                                                    LATER(BIT("r7", "3"), "r11") BLOCK SECOND_HALF /**/
        LOOKUP_RETURN ".align 2\n"
                      "9:\n"                                                 /* eight blocks */
        STORE STEP("r8") STORE STEP("r9") STORE STEP("r8") STORE STEP("r10") /**/
        STORE STEP("r8") STORE STEP("r9") STORE STEP("r8") STORE "bx lr\n"
                                                                 ".ltorg\n");
}
