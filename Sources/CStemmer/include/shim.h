// The stemmers of Snowball.
#ifndef MNEME_CSTEMMER_SHIM_H
#define MNEME_CSTEMMER_SHIM_H

#include <libstemmer.h>

#endif
