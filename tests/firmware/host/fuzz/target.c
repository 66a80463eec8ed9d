/* A libFuzzer target: the program on the fake board runs once per input, from reset on.
 *
 * fake.c's standard streams are replaced by the functions of this file (-Dgetchar=fuzz_next and so on).
 * An input is a sequence of records. The lower six bits of a record's first byte say how many bytes
 * arrive over the line, the upper two how much silence follows them. After the input the program must
 * still answer. */
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "fuzz.h"

int firmware_main(void);

/* All of the program's static memory: tests/firmware/libfuzzer.py gives its sections these names. */
extern uint8_t __start_firmware_bss[], __stop_firmware_bss[];
extern uint8_t __start_firmware_data[], __stop_firmware_data[];

/* Silences at the end of an input. One silence ends one false start of a frame, and up to as many false
 * starts may follow one another as a frame has bytes, or as there were bytes of input. */
#define MOST_SILENCES 1100u
#define OUTPUT_BYTES (1u << 20)
#define KEPT_BYTES (1u << 15) /* kept of the output: more than the last answer and the flash */
#define MOST_WORK 200u        /* inferences; a request may ask for 2^32 */

static const uint8_t *input;
static size_t left, in_record;
static uint32_t silence, silences, at_end, work;
static int has_byte, is_over;
static uint8_t byte;
static uint8_t output[OUTPUT_BYTES];
static size_t said;
static jmp_buf over;

noreturn void fuzz_end(int code) {
    (void)code;
    longjmp(over, 1);
}

void fuzz_work(void) {
    if (++work > MOST_WORK) {
        is_over = 1;
        longjmp(over, 2);
    }
}

size_t fuzz_write(const void *bytes, size_t size, size_t count, FILE *stream) {
    (void)stream;
    const size_t total = size * count;
    if (total > OUTPUT_BYTES - said) {
        memmove(output, output + said - KEPT_BYTES, KEPT_BYTES);
        said = KEPT_BYTES;
    }
    if (total > OUTPUT_BYTES - said) {
        abort();
    }
    memcpy(output + said, bytes, total);
    said += total;
    return count;
}

int fuzz_puts(const char *text, FILE *stream) {
    if (*text != '\0') {
        is_over = 1; /* the program has ended: it started an image, or reset */
    }
    return (int)fuzz_write(text, 1, strlen(text), stream);
}

/* The next step of fake.c's script. */
int fuzz_next(void) {
    if (has_byte) {
        has_byte = 0;
        return byte;
    }
    if (in_record == 0u && silence > 0u) {
        silence--;
        return 's';
    }
    if (in_record == 0u && left > 0u) {
        static const uint8_t after[] = {0, 0, 1, 60};
        in_record = *input & 63u;
        silence = after[*input >> 6];
        input++;
        left--;
        if (in_record > left) {
            in_record = left;
        }
        return fuzz_next();
    }
    if (in_record > 0u) {
        byte = *input++;
        left--;
        in_record--;
        has_byte = 1;
        return 'b';
    }
    if (at_end < silences) {
        at_end++;
        return 'l';
    }
    const uint32_t step = at_end++ - silences;
    if (step >= sizeof FUZZ_LAST) {
        return step == sizeof FUZZ_LAST ? 's' : EOF;
    }
    byte = (uint8_t)FUZZ_LAST[step];
    silence = byte == 0x7Fu; /* after a call the silence separates the next command */
    has_byte = 1;
    return 'b';
}

/* These replace memcpy and memset: ASan does not allow those to touch the red zones between the
 * program's variables. */
#define UNCHECKED __attribute__((no_sanitize("address"), no_builtin("memcpy", "memset"), noinline))

UNCHECKED static void copy(uint8_t *to, const uint8_t *from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

UNCHECKED static void clear(uint8_t *to, size_t count) {
    for (size_t i = 0; i < count; i++) {
        to[i] = 0;
    }
}

static void reset(void) {
    static uint8_t *data;
    const size_t count = (size_t)(__stop_firmware_data - __start_firmware_data);
    if (data == NULL) {
        data = malloc(count + 1u);
        copy(data, __start_firmware_data, count);
    }
    copy(__start_firmware_data, data, count);
    clear(__start_firmware_bss, (size_t)(__stop_firmware_bss - __start_firmware_bss));
}

static int ends_with(const char *answer, size_t count, size_t end, size_t within) {
    for (size_t at = end; at >= count && at + within >= end; at--) {
        if (memcmp(output + at - count, answer, count) == 0) {
            return 1;
        }
        if (at == 0u) {
            break;
        }
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    input = data;
    left = size;
    silences = size < MOST_SILENCES ? (uint32_t)size + 1u : MOST_SILENCES;
    in_record = said = 0;
    silence = at_end = work = 0;
    has_byte = is_over = 0;
    reset();
    if (setjmp(over) == 0) {
        (void)firmware_main();
    }
    if (is_over) {
        return 0;
    }
    /* The program ended with the script, and its flash follows all answers in the output. */
    const size_t end = said - SBNN_FLASH_BYTES;
    for (uint32_t i = 0; i < SBNN_BOOTLOADER_BYTES - SBNN_JOURNAL_BYTES; i++) {
        if (output[end + i] != 0xB0u) {
            abort();
        }
    }
    if (!ends_with(FUZZ_ANSWER, sizeof FUZZ_ANSWER - 1u, end, FUZZ_ANSWER_WITHIN)) {
        abort();
    }
    return 0;
}
