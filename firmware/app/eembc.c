#include "app/eembc.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "app/agent.h"
#include "board.h"
#include "hal/counter.h"
#include "hal/uart.h"
#include "model.h"
#include "runtime/exponential.h"
#include "runtime/fixed_exponential.h"

#define COMMAND_BYTES 256u /* the published runners send at most 65 */
#define TERMINATOR '%'
#define PROFILE_NAME                                                                                   \
    "ULPMark for tinyML Firmware V0.0.1" /* the runners recognise the command set by this name */
#define LINE_BYTES 8u                    /* bytes per line of `db print` */
#define DEFAULT_WARMUPS 10u
#define NUMBER_MAX 100000000u

static char command[COMMAND_BYTES];
static uint32_t used;
static bool too_long;

/* Bytes that `db load` announced, and how many of them have been written to the model's input. */
static uint32_t expected;
static uint32_t loaded;
/* Whether the last `db load` was refused: the earlier input is then not what the runner means. */
static bool refused;

static void say(const char *text) {
    uart_send((const uint8_t *)text, (uint32_t)strlen(text));
}

static void say_number(uint64_t number) {
    char digits[21];
    char *first = digits + sizeof digits - 1;
    *first = '\0';
    do {
        *--first = (char)('0' + (char)(number % 10u));
        number /= 10u;
    } while (number != 0u);
    say(first);
}

/* Send a message that contains one number or one text. */
static void say_with_number(const char *before, uint64_t number, const char *after) {
    say(before);
    say_number(number);
    say(after);
}

static void say_with_text(const char *before, const char *text, const char *after) {
    say(before);
    say(text);
    say(after);
}

/* Send a number, given in thousandths, with three decimals and its exponent if that is not 0. */
static void say_thousandths(uint64_t number, uint64_t exponent) {
    say_number(number / 1000u);
    const char point[] = {'.', (char)('0' + (char)(number / 100u % 10u)),
                          (char)('0' + (char)(number / 10u % 10u)), (char)('0' + (char)(number % 10u)),
                          '\0'};
    say(point);
    if (exponent != 0u) {
        say_with_number("e", exponent, "");
    }
}

#if SBNN_MODEL_OUTPUT_IS_FLOAT

/* Send a number with three decimals, rounded half to even. A number with more than 15 digits before the
 * point is sent with an exponent. */
static void say_float(float value) {
    if (signbit(value) != 0) {
        say("-");
        value = -value;
    }
    if (isnan(value)) {
        say("nan");
        return;
    }
    if (isinf(value)) {
        say("inf");
        return;
    }
    double scaled = value;
    uint64_t exponent = 0;
    if (scaled >= 1e15) {
        for (; scaled >= 10.0; scaled /= 10.0) {
            exponent++;
        }
    }
    const double thousands =
        scaled * 1000.0; /* exact: the 24 bits of the value and the 10 bits of 1000 fit a double */
    uint64_t whole = (uint64_t)thousands;
    const double rest = thousands - (double)whole;
    if (rest > 0.5 || (rest == 0.5 && (whole & 1u) != 0u)) {
        whole++;
    }
    say_thousandths(whole, exponent);
}

#endif

/* The next word of the command, NUL-terminated in place of the space after it; NULL if there is
 * none. */
static char *next_word(char **rest) {
    char *word = *rest;
    while (*word == ' ') {
        word++;
    }
    if (*word == '\0') {
        return NULL;
    }
    char *end = word;
    while (*end != '\0' && *end != ' ') {
        end++;
    }
    *rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    return word;
}

/* Like C's atoi, but limited to NUMBER_MAX. Text that is no number gives 0, a negative number gives
 * -1. */
static int32_t to_number(const char *word) {
    const bool negative = *word == '-';
    uint32_t number = 0;
    for (word += negative ? 1 : 0; *word >= '0' && *word <= '9' && number < NUMBER_MAX; word++) {
        number = number * 10u + (uint32_t)(*word - '0');
    }
    if (negative && number != 0u) {
        return -1;
    }
    return (int32_t)(number < NUMBER_MAX ? number : NUMBER_MAX);
}

static int32_t to_digit(char sign) {
    if (sign >= '0' && sign <= '9') {
        return sign - '0';
    }
    const char small = (char)(sign | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

static void timestamp(void) {
    const uint64_t now = counter_clock();
    const uint64_t rest =
        now % SBNN_COUNTER_HZ * 1000000u /
        SBNN_COUNTER_HZ; /* separate from the whole seconds: one product would overflow within days */
    say_with_number("m-lap-us-", now / SBNN_COUNTER_HZ * 1000000u + rest, "\r\n");
}

static void help(void) {
    say(PROFILE_NAME
        "\r\n\r\n"
        "help                       : this text\r\n"
        "name                       : the board\r\n"
        "profile                    : this command set and the model\r\n"
        "timestamp                  : microseconds since reset\r\n"
        "db load N                  : N bytes of input will follow\r\n"
        "db HH[HH]*                 : bytes of input in hexadecimal, the tensor as in memory\r\n"
        "db print [N] [OFFSET]      : the input; all that was announced if N is not given\r\n"
        "infer [N] [W]              : N inferences (1) after W to warm up (10), then the results\r\n"
        "results                    : the last output, as probabilities\r\n");
}

static void load(const char *count) {
    refused = true;
    expected = 0;
    loaded = 0;
    if (count == NULL) {
        say("e-[Command 'db load' requires the # of bytes]\r\n");
        return;
    }
    const int32_t bytes = to_number(count);
    if (bytes <= 0) {
        say("e-[Command 'db load' must be >0 bytes]\r\n");
    } else if ((uint32_t)bytes > SBNN_MODEL_INPUT_BYTES) {
        say_with_number("e-[Supplied buffer size ", (uint32_t)bytes, " exceeds maximum of ");
        say_with_number("", SBNN_MODEL_INPUT_BYTES, "]\r\n");
    } else {
        refused = false;
        expected = (uint32_t)bytes;
        say_with_number("m-[Expecting ", expected, " bytes]\r\n");
    }
}

static void print(char **rest) {
    const char *count_word = next_word(rest);
    const char *offset_word = count_word == NULL ? NULL : next_word(rest);
    const int32_t count = count_word == NULL ? (int32_t)expected : to_number(count_word);
    const int32_t offset = offset_word == NULL ? 0 : to_number(offset_word);
    if (count < 0 || offset < 0 || (uint32_t)offset > SBNN_MODEL_INPUT_BYTES ||
        (uint32_t)count > SBNN_MODEL_INPUT_BYTES - (uint32_t)offset) {
        say("e-[Command 'db print' reaches beyond the input]\r\n");
        return;
    }
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = agent_input() + offset;
    for (uint32_t i = 0; i < (uint32_t)count; i++) {
        const char pair[] = {digits[bytes[i] >> 4], digits[bytes[i] & 15u], '\0'};
        const bool last = (i + 1u) % LINE_BYTES == 0u || i + 1u == (uint32_t)count;
        say_with_text(i % LINE_BYTES == 0u ? "m-buffer-" : "", pair, last ? "\r\n" : "-");
    }
    if ((uint32_t)count % LINE_BYTES != 0u) {
        say("\r\n");
    }
}

static void take_hex(const char *digits) {
    if (strlen(digits) % 2u != 0u) {
        say("e-[Insufficent number of hex digits]\r\n"); /* the published firmware spells it this way */
        return;
    }
    if (loaded == expected) {
        say("e-[Command 'db load' must come first]\r\n");
        return;
    }
    for (; *digits != '\0'; digits += 2) {
        const int32_t high = to_digit(digits[0]);
        const int32_t low = to_digit(digits[1]);
        if (high < 0 || low < 0) {
            const char pair[] = {digits[0], digits[1], '\0'};
            say_with_text("e-[Invalid hex digit '", pair, "']\r\n");
            return;
        }
        agent_input()[loaded++] = (uint8_t)(high << 4 | low);
        if (loaded == expected) {
            say("m-load-done\r\n"); /* further digits are ignored */
            return;
        }
    }
}

static void buffer(char **rest) {
    char *word = next_word(rest);
    if (word == NULL) {
        say("e-[Command 'db' requires a subcommand]\r\n");
    } else if (strcmp(word, "load") == 0) {
        load(next_word(rest));
    } else if (strcmp(word, "print") == 0) {
        print(rest);
    } else {
        take_hex(word);
    }
}

#if SBNN_MODEL_OUTPUT_IS_FLOAT

static float output_value(uint32_t i) {
    float value;
    memcpy(&value, agent_output() + i * sizeof value, sizeof value);
    return value;
}

/* The runners treat a classifier's outputs as probabilities and divide each by their sum, so logits are
 * sent through softmax. If any output is NaN or infinite, all outputs are sent unchanged, so that it
 * stays visible. */
static void results(void) {
    const uint32_t outputs = SBNN_MODEL_OUTPUT_BYTES / sizeof(float);
    float most = output_value(0);
    bool numbers = true;
    for (uint32_t i = 0; i < outputs; i++) {
        const float value = output_value(i);
        numbers = numbers && isfinite(value);
        most = value > most ? value : most;
    }
    const bool classifier = numbers && outputs > 1u;
    float sum = 0;
    for (uint32_t i = 0; classifier && i < outputs; i++) {
        sum += exponential(output_value(i) - most);
    }
    say("m-results-[");
    for (uint32_t i = 0; i < outputs; i++) {
        const float value = output_value(i);
        say(i == 0u ? "" : ",");
        say_float(classifier ? exponential(value - most) / sum : value);
    }
    say("]\r\n");
}

#else

static int32_t output_value(uint32_t i) {
    SBNN_MODEL_OUTPUT_TYPE value;
    memcpy(&value, agent_output() + i * sizeof value, sizeof value);
    return (int32_t)value;
}

static uint32_t exponential_of(uint32_t i, int32_t most) {
    static const uint64_t rate = FIXED_RATE(SBNN_MODEL_OUTPUT_STEP);
    return fixed_exponential((uint32_t)most - (uint32_t)output_value(i), rate);
}

/* Send one output times its step, rounded half away from zero. */
static void say_steps(int32_t value) {
    static const uint64_t whole =
        (uint64_t)(SBNN_MODEL_OUTPUT_STEP * 1000.0); /* thousandths of a step */
    static const uint64_t rest =                     /* the remaining part, 32 bits after the point */
        (uint64_t)((SBNN_MODEL_OUTPUT_STEP * 1000.0 -
                    (double)(uint64_t)(SBNN_MODEL_OUTPUT_STEP * 1000.0)) *
                   4294967296.0);
    const uint64_t size = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
    say(value < 0 ? "-" : "");
    say_thousandths(size * whole + ((size * rest + ((uint64_t)1 << 31)) >> 32), 0);
}

/* As above: the softmax of the logits, which are the outputs times their step. */
static void results(void) {
    const uint32_t outputs = SBNN_MODEL_OUTPUT_BYTES / (uint32_t)sizeof(SBNN_MODEL_OUTPUT_TYPE);
    int32_t most = output_value(0);
    for (uint32_t i = 1; i < outputs; i++) {
        most = output_value(i) > most ? output_value(i) : most;
    }
    uint64_t sum = 0;
    for (uint32_t i = 0; i < outputs; i++) {
        sum += exponential_of(i, most);
    }
    say("m-results-[");
    for (uint32_t i = 0; i < outputs; i++) {
        say(i == 0u ? "" : ",");
        if (outputs > 1u) {
            say_thousandths(((uint64_t)exponential_of(i, most) * 1000u + sum / 2u) / sum, 0);
        } else {
            say_steps(output_value(i));
        }
    }
    say("]\r\n");
}

#endif

static void infer(char **rest) {
    const char *count_word = next_word(rest);
    const char *warmup_word = count_word == NULL ? NULL : next_word(rest);
    const int32_t count = count_word == NULL ? 1 : to_number(count_word);
    const int32_t warmups = warmup_word == NULL ? (int32_t)DEFAULT_WARMUPS : to_number(warmup_word);
    if (count <= 0) {
        say("e-[Inference iterations must be >0]\r\n");
        return;
    }
    if (warmups < 0) {
        say("e-[Inference warmup must be >=0]\r\n");
        return;
    }
    if ((expected != 0u || refused) && loaded != SBNN_MODEL_INPUT_BYTES) {
        say_with_number("e-[Input has ", loaded, " bytes, expected ");
        say_with_number("", SBNN_MODEL_INPUT_BYTES, "]\r\n");
        return;
    }
    say_with_number("m-warmup-start-", (uint32_t)warmups, "\r\n");
    for (int32_t i = 0; i < warmups; i++) {
        (void)agent_infer();
    }
    say("m-warmup-done\r\n");
    say_with_number("m-infer-start-", (uint32_t)count, "\r\n");
    timestamp();
    for (int32_t i = 0; i < count; i++) {
        (void)agent_infer();
    }
    timestamp();
    say("m-infer-done\r\n");
    results();
}

static void carry_out(char *line) {
    char *rest = line;
    const char *word = next_word(&rest);
    if (word == NULL) {
        /* a terminator alone: a runner sends it to clear the line */
    } else if (strcmp(word, "name") == 0) {
        say("m-name-dut-[" SBNN_BOARD_NAME "]\r\n");
    } else if (strcmp(word, "profile") == 0) {
        say("m-profile-[" PROFILE_NAME "]\r\n");
        say_with_text("m-model-[", sbnn_model_name, "]\r\n");
    } else if (strcmp(word, "timestamp") == 0) {
        timestamp();
    } else if (strcmp(word, "help") == 0) {
        help();
    } else if (strcmp(word, "db") == 0) {
        buffer(&rest);
    } else if (strcmp(word, "infer") == 0) {
        infer(&rest);
    } else if (strcmp(word, "results") == 0) {
        results();
    } else {
        say_with_text("e-[Unknown command: ", word, "]\r\n");
    }
}

void eembc_push(uint8_t byte) {
    if (byte == '\r' || byte == '\n') {
        return; /* sent by a person's terminal */
    }
    if (byte < ' ' || byte > '~') { /* not text: noise, or a host that calls the bootloader */
        used = 0;
        too_long = false;
        return;
    }
    if (byte != TERMINATOR) {
        too_long = too_long || used == COMMAND_BYTES - 1u;
        if (!too_long) {
            command[used++] = (char)byte;
        }
        return;
    }
    command[used] = '\0';
    if (too_long) {
        say("e-[Command too long]\r\n");
    } else {
        carry_out(command);
    }
    used = 0;
    too_long = false;
    say("m-ready\r\n");
}
