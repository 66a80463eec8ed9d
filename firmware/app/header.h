/* The header of the image that this application runs from. header.c defines it as zeros; the build
 * fills it in after linking. */
#ifndef SBNN_APP_HEADER_H
#define SBNN_APP_HEADER_H

#include "runtime/image.h"

extern const image_header header;

#endif
