// Typed faces of libcurl's variadic functions, which Swift cannot call.
#ifndef MNEME_CCURL_SHIM_H
#define MNEME_CCURL_SHIM_H

#include <curl/curl.h>
#include <stddef.h>

// The shape of CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION. Returning anything but size * count ends the transfer.
typedef size_t (*mneme_curl_data_function)(char *bytes, size_t size, size_t count, void *context);

CURLcode mneme_curl_set_long(CURL *easy, CURLoption option, long value);
CURLcode mneme_curl_set_offset(CURL *easy, CURLoption option, curl_off_t value);
CURLcode mneme_curl_set_string(CURL *easy, CURLoption option, const char *value);
CURLcode mneme_curl_set_pointer(CURL *easy, CURLoption option, const void *value);
CURLcode mneme_curl_set_headers(CURL *easy, const struct curl_slist *headers);
CURLcode mneme_curl_set_data_function(CURL *easy, CURLoption option, mneme_curl_data_function function);

// The shape of CURLOPT_OPENSOCKETFUNCTION. Returning CURL_SOCKET_BAD refuses the address.
typedef curl_socket_t (*mneme_curl_socket_function)(
    void *context, curlsocktype purpose, struct curl_sockaddr *address);
CURLcode mneme_curl_set_socket_function(CURL *easy, mneme_curl_socket_function function, void *context);

// The bytes of an address of the Internet Protocol, in network order: 4 or 16 of them; 0 where it is of another family.
size_t mneme_curl_address_bytes(const struct curl_sockaddr *address, unsigned char bytes[16]);

// A socket for `address`, as libcurl itself would make it; not inherited by child processes.
curl_socket_t mneme_curl_open_socket(const struct curl_sockaddr *address);

CURLcode mneme_curl_get_long(CURL *easy, CURLINFO info, long *value);

CURLMcode mneme_curl_multi_set_long(CURLM *multi, CURLMoption option, long value);

// The next finished transfer of `multi` and its result; NULL when there is none.
CURL *mneme_curl_multi_next_done(CURLM *multi, CURLcode *result);

#endif
