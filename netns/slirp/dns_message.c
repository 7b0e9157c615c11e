// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
#include "netns/slirp/dns_message.h"

#include <string.h>

#include "netns/slirp/checksum.h"

/* Offsets in the header. */
#define ID	  0
#define FLAGS	  2
#define QUESTIONS 4

#define FLAG_ANSWER  0x8000
#define FLAG_DESIRED 0x0100 /* recursion is desired */
#define FLAG_OFFERED 0x0080 /* recursion is available */
#define KEPT_FLAGS   0x7900 /* copied from a query to its answer: the opcode, and recursion */
#define CODE_MASK    0x000f

#define CODE_SERVFAIL 2
#define CODE_NOTIMP   4
#define CODE_REFUSED  5

#define LABEL_SIZE_MAX 63
#define NAME_SIZE_MAX  255

bool dns_is_query(const uint8_t *query, size_t size)
{
	return size >= DNS_HEADER_SIZE && size <= DNS_QUERY_MAX &&
	       !(get16(query + FLAGS) & FLAG_ANSWER);
}

/*
 * Returns the size of the first question: a name, its type and class.  0: there is no whole one.
 * The first question can't be compressed (RFC 1035, section 4.1.4): no name stands before it.
 */
static size_t question_size(const uint8_t *message, size_t size)
{
	size_t at = DNS_HEADER_SIZE;

	if (get16(message + QUESTIONS) == 0)
		return 0;
	while (at < size && message[at] != 0) {
		if (message[at] > LABEL_SIZE_MAX)
			return 0;
		at += 1 + (size_t)message[at];
		if (at - DNS_HEADER_SIZE > NAME_SIZE_MAX)
			return 0;
	}
	at += 1 + 4;
	return at <= size ? at - DNS_HEADER_SIZE : 0;
}

/* A server may change the case of letters in a name. */
static bool is_same_byte(uint8_t first, uint8_t second)
{
	uint8_t lower = first | 0x20;

	return first == second || (lower == (second | 0x20) && lower >= 'a' && lower <= 'z');
}

static bool is_same_question(const uint8_t *query, size_t query_size, const uint8_t *answer,
			     size_t answer_size)
{
	size_t size = question_size(query, query_size);

	if (size == 0 || get16(answer + QUESTIONS) == 0)
		return true;
	if (question_size(answer, answer_size) != size)
		return false;
	for (size_t i = DNS_HEADER_SIZE; i < DNS_HEADER_SIZE + size; i++)
		if (!is_same_byte(query[i], answer[i]))
			return false;
	return true;
}

enum dns_answer dns_answer_kind(const uint8_t *query, size_t query_size, const uint8_t *answer,
				size_t answer_size)
{
	uint16_t flags;

	if (answer_size < DNS_HEADER_SIZE || get16(answer + ID) != get16(query + ID))
		return DNS_ANSWER_FOREIGN;
	flags = get16(answer + FLAGS);
	if (!(flags & FLAG_ANSWER) || !is_same_question(query, query_size, answer, answer_size))
		return DNS_ANSWER_FOREIGN;
	switch (flags & CODE_MASK) {
	case CODE_SERVFAIL:
	case CODE_NOTIMP:
	case CODE_REFUSED: return DNS_ANSWER_FAILED;
	default: return DNS_ANSWER_GOOD;
	}
}

void dns_make_failure(const uint8_t *query, uint8_t answer[DNS_HEADER_SIZE])
{
	memset(answer, 0, DNS_HEADER_SIZE);
	put16(answer + ID, get16(query + ID));
	put16(answer + FLAGS, (uint16_t)(FLAG_ANSWER | FLAG_OFFERED | CODE_SERVFAIL |
					 (get16(query + FLAGS) & KEPT_FLAGS)));
}

size_t dns_make_probe(uint16_t id, uint8_t probe[DNS_PROBE_SIZE])
{
	/* The root's name is empty; type NS, class IN. */
	static const uint8_t question[] = { 0, 0, 2, 0, 1 };

	memset(probe, 0, DNS_PROBE_SIZE);
	put16(probe + ID, id);
	put16(probe + FLAGS, FLAG_DESIRED);
	put16(probe + QUESTIONS, 1);
	memcpy(probe + DNS_HEADER_SIZE, question, sizeof(question));
	return DNS_PROBE_SIZE;
}
