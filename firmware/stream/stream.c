/* The live-stream application: it takes samples that a host sends and returns smoothed decisions, and
 * it sends a host the samples of its own sensor, in addition to the agent's requests.
 *
 * The ring, the windows and the averages are the bundle's own (<model>_window.h), as your firmware uses
 * them. */
#include <string.h>

#include "app/application.h"
#include "hal/counter.h"
#include "hal/uart.h"
#include "model.h"
#include "runtime/bytes.h"
#include "stream/sensor.h"

enum {
    STREAM_OPEN = 0x20,
    STREAM_SAMPLES = 0x21,
    RECORD_OPEN = 0x22,
    RECORD_SAMPLES = 0x23,
    RECORD_STOP = 0x24
};

#if SBNN_MODEL_NUMBER_COUNT > 0
#define DECISION_BYTES (28u + 8u * SBNN_MODEL_NUMBER_COUNT)
#else
#define DECISION_BYTES 40u
#endif
#define DECISIONS_MAX ((FRAME_MAX_PAYLOAD - 4u) / DECISION_BYTES) /* per request */
#define SAMPLE_BYTES ((uint32_t)(SBNN_MODEL_CHANNELS * sizeof(sbnn_sample)))
#define RECORD_HEAD_BYTES 12u
#define RECORDED_MAX ((FRAME_MAX_PAYLOAD - RECORD_HEAD_BYTES) / SAMPLE_BYTES) /* per response */

static sbnn_window window;
enum { NOBODY, HOST, SENSOR };
static uint32_t source;                 /* of samples; the interrupt of a sensor reads it */
static uint32_t taken;                  /* samples since the stream or the recording was opened */
static uint8_t last[FRAME_MAX_PAYLOAD]; /* the last answer to samples, kept because it may be lost */
static uint32_t last_bytes;
static uint32_t first_of_last;
static uint32_t decided;
static bool after_gap;

static void begin(uint32_t new_source) {
    __atomic_store_n(&source, new_source, __ATOMIC_RELEASE);
}

static void put_decision(const sbnn_decision *found, uint64_t preparing, uint64_t inferring,
                         uint64_t smoothing) {
    uint8_t *to = last + 4u + decided * DECISION_BYTES;
    bytes_store32(to, found->at);
#if SBNN_MODEL_NUMBER_COUNT > 0
    memcpy(to + 4, found->alone, sizeof found->alone);
    memcpy(to + 4 + sizeof found->alone, found->steady, sizeof found->steady);
#else
    bytes_store16(to + 4, found->alone);
    bytes_store16(to + 6, found->steady);
    memcpy(to + 8, &found->logit, sizeof found->logit);
    memcpy(to + 12, &found->share, sizeof found->share);
#endif
    to += DECISION_BYTES - 24u;
    bytes_store64(to, preparing);
    bytes_store64(to + 8, inferring);
    bytes_store64(to + 16, smoothing);
    decided++;
}

static void take_sample(const uint8_t *raw) {
    sbnn_sample sample[SBNN_MODEL_CHANNELS];
    memcpy(sample, raw, sizeof sample);
    (void)sbnn_window_push(&window, sample); /* there is room: each window is used at once */
    taken++;
    const uint64_t begun = counter_now();
    if (sbnn_window_fill(&window, (SBNN_MODEL_INPUT_TYPE *)(void *)agent_input()) != SBNN_OK) {
        return;
    }
    sbnn_decision found;
    const uint64_t prepared = counter_now();
    const uint64_t inferred = agent_infer();
    const uint64_t answered = counter_now();
    /* An output that is not a number gives a decision without a class. */
    (void)sbnn_window_decide(&window, (const SBNN_MODEL_OUTPUT_TYPE *)(const void *)agent_output(),
                             &found);
    put_decision(&found, prepared - begun, inferred, counter_now() - answered);
}

/* Payload: u32 channels, u32 hop, u32 or f32 share, then the scaling of each channel. */
static uint8_t open_stream(const frame *request) {
    sbnn_window_config config;
    if (request->length < 12u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    if (bytes_load32(request->payload) != SBNN_MODEL_CHANNELS) {
        return FRAME_STATUS_OUT_OF_RANGE;
    }
    if (request->length != 4u + sizeof config) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    memcpy(&config, request->payload + 4, sizeof config);
    begin(NOBODY);
    sensor_stop();
    if (sbnn_window_init(&window, &config) != SBNN_OK) {
        return FRAME_STATUS_OUT_OF_RANGE;
    }
    taken = decided = 0;
    first_of_last = UINT32_MAX;
    begin(HOST);
    return FRAME_STATUS_OK;
}

/* Payload: u32 number of the first sample, then f32 or i16 [n, channels]. The response holds the
 * decisions that these samples led to. A repeated request gets the same response, and its samples are
 * not taken twice. */
static uint8_t take_samples(const frame *request) {
    if (source != HOST) {
        return FRAME_STATUS_NO_RESULT;
    }
    if (request->length < 4u + SAMPLE_BYTES || (request->length - 4u) % SAMPLE_BYTES != 0u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    const uint32_t first = bytes_load32(request->payload);
    const uint32_t count = (request->length - 4u) / SAMPLE_BYTES;
    if (first != taken && first == first_of_last) {
        return FRAME_STATUS_OK;
    }
    if (first != taken || (count - 1u) / window.config.hop + 1u > DECISIONS_MAX) {
        return FRAME_STATUS_OUT_OF_RANGE;
    }
    first_of_last = first;
    decided = 0;
    for (uint32_t i = 0; i < count; i++) {
        take_sample(request->payload + 4u + i * SAMPLE_BYTES);
    }
    bytes_store32(last, decided);
    last_bytes = 4u + decided * DECISION_BYTES;
    return FRAME_STATUS_OK;
}

void stream_sample(const sbnn_sample values[SBNN_MODEL_CHANNELS]) {
    if (__atomic_load_n(&source, __ATOMIC_ACQUIRE) == SENSOR) {
        (void)sbnn_window_push(&window,
                               values); /* what is lost is counted, and told by record_samples */
    }
}

#if SBNN_MODEL_CHANNEL_COUNT > 0
/* Append the names of the channels, each with a NUL, if all of them fit. */
static uint32_t put_names(uint8_t *to, uint32_t room) {
    uint32_t length = 0;
    for (uint32_t i = 0; i < SBNN_MODEL_CHANNEL_COUNT; i++) {
        const char *name = sbnn_model_channel_names[i];
        do {
            if (length == room) {
                return 0;
            }
            to[length++] = (uint8_t)*name;
        } while (*name++ != '\0');
    }
    return length;
}
#endif

/* No payload. The response holds u32 channels, u32 samples per 1000 s, u32 bytes per value, and the
 * names of the channels, if the model has any. */
static uint8_t open_record(const frame *request) {
    static const sbnn_window_config config = SBNN_WINDOW_CONFIG;
    if (request->length != 0u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    begin(NOBODY);
    sensor_stop();
    (void)sbnn_window_init(&window, &config);
    taken = 0;
    first_of_last = UINT32_MAX;
    after_gap = false;
    begin(SENSOR);
    if (!sensor_start()) {
        begin(NOBODY);
        return FRAME_STATUS_NO_RESULT;
    }
    bytes_store32(last, SBNN_MODEL_CHANNELS);
    bytes_store32(last + 4, sensor_millihertz);
    bytes_store32(last + 8, sizeof(sbnn_sample));
    last_bytes = RECORD_HEAD_BYTES;
#if SBNN_MODEL_CHANNEL_COUNT > 0
    last_bytes += put_names(last + last_bytes, (uint32_t)sizeof last - last_bytes);
#endif
    return FRAME_STATUS_OK;
}

/* Payload: u32 samples that the host has. The response holds this number, u32 samples that were lost so
 * far, u32 1 if these samples follow a gap, else 0, and i16 or f32 [n, channels]. The same number again
 * gets the same response. */
static uint8_t record_samples(const frame *request) {
    if (source != SENSOR) {
        return FRAME_STATUS_NO_RESULT;
    }
    if (request->length != 4u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    const uint32_t first = bytes_load32(request->payload);
    if (first != taken && first == first_of_last) {
        return FRAME_STATUS_OK;
    }
    if (first != taken) {
        return FRAME_STATUS_OUT_OF_RANGE;
    }
    uint32_t count = 0;
    bool gap = after_gap;
    after_gap = false;
    while (count < RECORDED_MAX) {
        sbnn_sample sample[SBNN_MODEL_CHANNELS];
        const sbnn_status status = sbnn_window_take(&window, sample);
        if (status == SBNN_LOST) {
            if (count > 0u) { /* the samples before a gap go alone */
                after_gap = true;
                break;
            }
            gap = true;
        } else if (status != SBNN_OK) {
            break;
        } else {
            memcpy(last + RECORD_HEAD_BYTES + count * SAMPLE_BYTES, sample, sizeof sample);
            count++;
        }
    }
    if (count == 0u) { /* the gap is told with the samples after it */
        after_gap = gap;
    }
    first_of_last = first;
    taken += count;
    bytes_store32(last, first);
    bytes_store32(last + 4, sbnn_window_lost(&window));
    bytes_store32(last + 8, gap && count > 0u);
    last_bytes = RECORD_HEAD_BYTES + count * SAMPLE_BYTES;
    return FRAME_STATUS_OK;
}

static uint8_t stop_record(const frame *request) {
    if (request->length != 0u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    begin(NOBODY);
    sensor_stop();
    last_bytes = 0;
    return FRAME_STATUS_OK;
}

uint64_t application_work(void) {
    return source == SENSOR ? sensor_work() : UART_NEVER;
}

uint32_t application_answer(const frame *request, uint8_t *response, agent_next *next) {
    uint8_t status;
    switch (request->fault == FRAME_STATUS_OK ? request->type : 0) {
    case STREAM_OPEN:
        status = open_stream(request);
        last_bytes = 0;
        break;
    case STREAM_SAMPLES:
        status = take_samples(request);
        break;
    case RECORD_OPEN:
        status = open_record(request);
        break;
    case RECORD_SAMPLES:
        status = record_samples(request);
        break;
    case RECORD_STOP:
        status = stop_record(request);
        break;
    default:
        return agent_answer(request, response, next);
    }
    *next = (agent_next){false, 0};
    const uint32_t length = status == FRAME_STATUS_OK ? last_bytes : 0u;
    memcpy(response + FRAME_HEADER_BYTES, last, length);
    return frame_seal(response, request->sequence, request->type | FRAME_RESPONSE, status, length);
}
