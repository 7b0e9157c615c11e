/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_DNS_MESSAGE_H
#define URUN_NETNS_SLIRP_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * DNS messages, as far as a forwarder looks into them.  Queries are written by the container and
 * answers by anybody in the network: both are hostile, and no length in them is trusted.
 * Runs in: urun-slirp.  Source: RFC 1035, section 4.1.
 */
#define DNS_HEADER_SIZE 12
/* More bytes than a query with one question and all its options has. */
#define DNS_QUERY_MAX 4096

enum dns_answer {
	DNS_ANSWER_FOREIGN, /* doesn't belong to the query */
	DNS_ANSWER_FAILED,  /* SERVFAIL, NOTIMP or REFUSED: another server may have an answer */
	DNS_ANSWER_GOOD,    /* any other answer, also that the name doesn't exist */
};

/* Returns whether the message is a query, of a size that is passed on. */
bool dns_is_query(const uint8_t *query, size_t size);

/*
 * Compares @answer with @query, for which dns_is_query() is true.  An answer has the query's number
 * and, if it repeats the question, the same question.
 */
enum dns_answer dns_answer_kind(const uint8_t *query, size_t query_size, const uint8_t *answer,
				size_t answer_size);

/* Writes the answer SERVFAIL to @query, without the question.  @query has DNS_HEADER_SIZE bytes. */
void dns_make_failure(const uint8_t *query, uint8_t answer[DNS_HEADER_SIZE]);

/* Writes a query for the root's name servers, with the number @id.  Returns its size. */
#define DNS_PROBE_SIZE 17
size_t dns_make_probe(uint16_t id, uint8_t probe[DNS_PROBE_SIZE]);

#endif
