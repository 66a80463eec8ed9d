/* The live-stream application: it takes samples of a sensor and returns smoothed decisions, in addition
 * to the agent's requests.
 *
 * A ring buffer holds one window of samples. After every `hop` samples the window is normalised into
 * the model's input, the model runs, and its output enters a running average. Here a request brings the
 * samples; your own sensor driver can call take_sample from its loop instead. */
#include <string.h>

#include "app/application.h"
#include "hal/counter.h"
#include "model.h"
#include "runtime/bytes.h"
#if SBNN_MODEL_INPUT_IS_FLOAT
#include "stream/window_float.h"
#else
#include "stream/window_integer.h"
#endif
#if SBNN_MODEL_OUTPUT_IS_FLOAT
#include "stream/average_float.h"
#else
#include "stream/average_integer.h"
#endif

enum { STREAM_OPEN = 0x20, STREAM_SAMPLES = 0x21 };

#define VALUES                                                                                         \
    (SBNN_MODEL_INPUT_BYTES /                                                                          \
     (uint32_t)sizeof(SBNN_MODEL_INPUT_TYPE)) /* per window [channels, samples] */
#define CLASSES (SBNN_MODEL_OUTPUT_BYTES / (uint32_t)sizeof(SBNN_MODEL_OUTPUT_TYPE))
#define CHANNELS_MAX 64u
#define DECISION_BYTES 40u
#define DECISIONS_MAX ((FRAME_MAX_PAYLOAD - 4u) / DECISION_BYTES) /* per request */

static sample ring[VALUES]; /* [samples, channels]; `oldest` is the index of the oldest sample */
static scaling scales[CHANNELS_MAX];
static uint32_t channels, samples, hop; /* channels is 0 until the stream is opened */
static uint32_t oldest, until_next;
static uint32_t taken; /* samples since the stream was opened */
static number share;   /* weight of a new output in the average */
static number average[CLASSES];
static bool has_average;
static uint8_t decisions[4u + DECISIONS_MAX * DECISION_BYTES]; /* of the last request, kept because the
                                                                  answer may be lost */
static uint32_t decided;
static uint32_t first_of_last;

/* Write the window to the model's input: channel by channel, the oldest sample first. */
static void normalise(SBNN_MODEL_INPUT_TYPE *window) {
    for (uint32_t channel = 0; channel < channels; channel++) {
        const scaling scale = scales[channel];
        for (uint32_t i = 0; i < samples; i++) {
            const sample raw = ring[(oldest + i) % samples * channels + channel];
            window[channel * samples + i] = scaled(raw, scale);
        }
    }
}

static uint32_t largest(const number *values) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < CLASSES; i++) {
        best = values[i] > values[best] ? i : best;
    }
    return best;
}

/* Update the running average of the outputs' probabilities (softmax of the logits). */
static void smooth(const number *logits) {
    power powers[CLASSES];
    total sum = 0;
    const number most = logits[largest(logits)];
    for (uint32_t i = 0; i < CLASSES; i++) {
        powers[i] = power_of(logits[i], most);
        sum += powers[i];
    }
    for (uint32_t i = 0; i < CLASSES; i++) {
        const number new = probability(powers[i], sum);
        average[i] = has_average ? moved(average[i], new, share) : new;
    }
    has_average = true;
}

static void put_number(uint8_t *at, number value) {
    memcpy(at, &value, sizeof value);
}

static void decide(void) {
    static number logits[CLASSES];
    uint8_t *to = decisions + 4u + decided * DECISION_BYTES;
    const uint64_t begun = counter_now();
    normalise((SBNN_MODEL_INPUT_TYPE *)(void *)agent_input());
    const uint64_t prepared = counter_now();
    const uint64_t inferred = agent_infer();
    const uint64_t answered = counter_now();
    read_logits(agent_output(), CLASSES, logits);
    smooth(logits);
    const uint64_t smoothed = counter_now();
    const uint32_t raw = largest(logits), steady = largest(average);
    bytes_store32(to, taken);
    bytes_store16(to + 4, (uint16_t)raw);
    bytes_store16(to + 6, (uint16_t)steady);
    put_number(to + 8, logits[raw]);
    put_number(to + 12, average[steady]);
    bytes_store64(to + 16, prepared - begun);
    bytes_store64(to + 24, inferred);
    bytes_store64(to + 32, smoothed - answered);
    decided++;
}

static void take_sample(const uint8_t *raw) {
    memcpy(ring + oldest * channels, raw, sizeof(sample) * channels);
    oldest = (oldest + 1u) % samples;
    taken++;
    if (--until_next == 0u) {
        until_next = hop;
        decide();
    }
}

/* Payload: u32 channels, u32 hop, u32 or f32 share, then the scaling of each channel. */
static uint8_t open_stream(const frame *request) {
    if (request->length < 12u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    const uint32_t wanted = bytes_load32(request->payload);
    const uint32_t wanted_hop = bytes_load32(request->payload + 4);
    if (wanted == 0u || wanted > CHANNELS_MAX || VALUES % wanted != 0u || wanted_hop == 0u ||
        wanted_hop > VALUES / wanted) {
        return FRAME_STATUS_OUT_OF_RANGE;
    }
    if (request->length != 12u + sizeof(scaling) * wanted) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    if (!scalings_are_valid(request->payload + 12, wanted)) {
        return FRAME_STATUS_OUT_OF_RANGE;
    }
    channels = wanted;
    samples = VALUES / wanted;
    hop = wanted_hop;
    memcpy(&share, request->payload + 8, sizeof share);
    memcpy(scales, request->payload + 12, sizeof(scaling) * wanted);
    oldest = taken = decided = 0;
    until_next = samples; /* the first window must be whole */
    first_of_last = UINT32_MAX;
    has_average = false;
    return FRAME_STATUS_OK;
}

/* Payload: u32 number of the first sample, then f32 or i16 [n, channels]. The response holds the
 * decisions that these samples led to. A repeated request gets the same response, and its samples are
 * not taken twice. */
static uint8_t take_samples(const frame *request) {
    if (channels == 0u) {
        return FRAME_STATUS_NO_RESULT;
    }
    const uint32_t bytes = (uint32_t)sizeof(sample) * channels;
    if (request->length < 4u + bytes || (request->length - 4u) % bytes != 0u) {
        return FRAME_STATUS_BAD_LENGTH;
    }
    const uint32_t first = bytes_load32(request->payload);
    const uint32_t count = (request->length - 4u) / bytes;
    if (first != taken && first == first_of_last) {
        return FRAME_STATUS_OK;
    }
    if (first != taken || (count - 1u) / hop + 1u > DECISIONS_MAX) {
        return FRAME_STATUS_OUT_OF_RANGE;
    }
    first_of_last = first;
    decided = 0;
    for (uint32_t i = 0; i < count; i++) {
        take_sample(request->payload + 4u + i * bytes);
    }
    bytes_store32(decisions, decided);
    return FRAME_STATUS_OK;
}

uint32_t application_answer(const frame *request, uint8_t *response, agent_next *next) {
    const bool ours = request->fault == FRAME_STATUS_OK &&
                      (request->type == STREAM_OPEN || request->type == STREAM_SAMPLES);
    if (!ours) {
        return agent_answer(request, response, next);
    }
    *next = (agent_next){false, 0};
    const bool opens = request->type == STREAM_OPEN;
    const uint8_t status = opens ? open_stream(request) : take_samples(request);
    const uint32_t length = status == FRAME_STATUS_OK && !opens ? 4u + decided * DECISION_BYTES : 0u;
    memcpy(response + FRAME_HEADER_BYTES, decisions, length);
    return frame_seal(response, request->sequence, request->type | FRAME_RESPONSE, status, length);
}
