#include "shim.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

CURLcode mneme_curl_set_long(CURL *easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value);
}

CURLcode mneme_curl_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(easy, option, value);
}

CURLcode mneme_curl_set_string(CURL *easy, CURLoption option, const char *value) {
  return curl_easy_setopt(easy, option, value);
}

CURLcode mneme_curl_set_pointer(CURL *easy, CURLoption option, const void *value) {
  return curl_easy_setopt(easy, option, value);
}

CURLcode mneme_curl_set_headers(CURL *easy, const struct curl_slist *headers) {
  return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
}

CURLcode mneme_curl_set_data_function(CURL *easy, CURLoption option, mneme_curl_data_function function) {
  return curl_easy_setopt(easy, option, function);
}

CURLcode mneme_curl_set_socket_function(CURL *easy, mneme_curl_socket_function function, void *context) {
  CURLcode result = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, function);
  return result == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, context) : result;
}

size_t mneme_curl_address_bytes(const struct curl_sockaddr *address, unsigned char bytes[16]) {
  switch (address->family) {
    case AF_INET:
      memcpy(bytes, &((const struct sockaddr_in *)&address->addr)->sin_addr, 4);
      return 4;
    case AF_INET6:
      // libcurl keeps the whole address behind `addr`, which is declared as the short form.
      memcpy(bytes, &((const struct sockaddr_in6 *)&address->addr)->sin6_addr, 16);
      return 16;
    default:
      return 0;
  }
}

curl_socket_t mneme_curl_open_socket(const struct curl_sockaddr *address) {
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

CURLcode mneme_curl_get_long(CURL *easy, CURLINFO info, long *value) {
  return curl_easy_getinfo(easy, info, value);
}

CURLMcode mneme_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return curl_multi_setopt(multi, option, value);
}

CURL *mneme_curl_multi_next_done(CURLM *multi, CURLcode *result) {
  int left = 0;
  CURLMsg *message;
  while ((message = curl_multi_info_read(multi, &left)) != NULL) {
    if (message->msg == CURLMSG_DONE) {
      *result = message->data.result;
      return message->easy_handle;
    }
  }
  return NULL;
}
