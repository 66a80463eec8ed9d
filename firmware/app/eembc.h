/* The serial commands of EEMBC's and MLCommons' runners (MLPerf Tiny): text, each command ended by '%'.
 *
 * They share the port with the frames of docs/protocol.md. A frame's first byte is not a text
 * character, so the two can be distinguished. */
#ifndef SBNN_APP_EEMBC_H
#define SBNN_APP_EEMBC_H

#include <stdint.h>

/* Take a byte that belongs to no frame. At the end of a command, execute it and send its answer. */
void eembc_push(uint8_t byte);

#endif
