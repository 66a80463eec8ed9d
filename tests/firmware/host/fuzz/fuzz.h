/* The request that ends each input, and the answer that the program must then give. */
#ifndef SBNN_FUZZ_H
#define SBNN_FUZZ_H

#include <stdnoreturn.h>

/* Ends the run of this input once it has asked for the maximum number of inferences. */
void fuzz_work(void);

#ifdef FUZZ_APPLICATION
/* A Hello with sequence number 99, and the first bytes of its answer. */
#define FUZZ_LAST ((const uint8_t[]){0xA5, 0x5A, 1, 99, 1, 0, 0, 0, FUZZ_HELLO_CRC})
#define FUZZ_ANSWER "\xa5\x5a\x01\x63\x81\x00"
#define FUZZ_ANSWER_WITHIN 400u
#else
/* A call and the command Get. */
#define FUZZ_LAST ((const uint8_t[]){0x7F, 0x00, 0xFF})
#define FUZZ_ANSWER FUZZ_GET_REPLY
#define FUZZ_ANSWER_WITHIN 0u
#endif

#endif
