/* The header of the image that this application runs from: the build writes it when the image is
 * linked. */
#ifndef SBNN_APP_HEADER_H
#define SBNN_APP_HEADER_H

#include "runtime/image.h"

extern const image_header header;

#endif
