// Typed faces of librdkafka's variadic functions, which Swift cannot call.
#ifndef MNEME_CRDKAFKA_SHIM_H
#define MNEME_CRDKAFKA_SHIM_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stddef.h>
#include <stdint.h>

// Produces one record, whose bytes are copied. Takes `headers` over where it succeeds. A `key` of NULL is no key.
rd_kafka_resp_err_t mneme_rd_kafka_produce(rd_kafka_t *client, const char *topic, int32_t partition, const void *key,
                                           size_t key_count, const void *value, size_t value_count,
                                           rd_kafka_headers_t *headers, void *opaque);

#endif
