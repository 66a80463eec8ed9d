/* The serial commands of EEMBC's and MLCommons' runners (MLPerf Tiny): text, each ended by '%'.
 *
 * They share the port with the frames of docs/protocol.md, whose first byte is no text. */
#ifndef SBNN_APP_EEMBC_H
#define SBNN_APP_EEMBC_H

#include <stdint.h>

/* Take a byte that belongs to no frame; at the end of a command, carry it out and send its answer. */
void eembc_push(uint8_t byte);

#endif
