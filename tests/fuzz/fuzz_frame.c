// SPDX-License-Identifier: Apache-2.0
/*
 * Single frames in both directions, without a connection: the container's frames with the header of
 * the tap device, their fragments, which are put together, and the frames of libslirp.
 */
#include "netns/slirp/fragment.h"
#include "netns/slirp/frame.h"
#include "netns/slirp/layout.h"
#include "tests/fuzz/fuzz.h"

#define FRAMES_MAX 32

static struct network_options network;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct error err = ERROR_NONE;

	(void)argc;
	(void)argv;
	return network_options_parse("slirp,mtu=1500", &network, &err);
}

static void check_layout(const struct layout *layout, size_t size)
{
	/* An ARP frame has no family. */
	if (layout->family == 0)
		return;
	fuzz_demand(layout->end <= size && layout->transport <= layout->end &&
			    layout->ip <= layout->transport,
		    "a layout is in its frame");
	fuzz_demand(layout->tcp_size <= layout->end - layout->transport,
		    "TCP's header is in its packet");
}

static void from_container(struct fragments *fragments, const struct virtio_net_hdr *header,
			   uint8_t *frame, size_t size)
{
	const struct virtio_net_hdr none = { 0 };
	struct layout layout;
	enum frame_kind kind = frame_from_container(&network, header, frame, size, &layout);
	uint8_t *whole;

	if (kind == FRAME_REFUSED)
		return;
	check_layout(&layout, size);
	if (kind != FRAME_FRAGMENT)
		return;
	whole = fragments_add(fragments, &layout, frame, &size);
	if (!whole)
		return;
	kind = frame_from_container(&network, &none, whole, size, &layout);
	fuzz_demand(kind != FRAME_FRAGMENT, "what was put together is no fragment");
	if (kind != FRAME_REFUSED)
		check_layout(&layout, size);
}

static void to_container(const uint8_t *frame, size_t size)
{
	struct frame_out out;

	frame_to_container(&network, NULL, frame, size, &out);
	fuzz_demand(out.replaced <= size && out.head_size <= sizeof(out.head) &&
			    out.head_size >= out.replaced,
		    "a frame for the container is whole");
	fuzz_demand(!out.header.flags ||
			    (size_t)out.header.csum_start + out.header.csum_offset + 2 <=
				    out.head_size,
		    "a checksum that is left out is in the headers");
}

/*
 * A frame of the input has a byte for the direction, two for the length, the tap device's header,
 * and its bytes.
 */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = { bytes, size };
	struct fragments *fragments = fragments_new();

	for (int i = 0; i < FRAMES_MAX && input.size > 0; i++) {
		bool out = fuzz_number(&input, 1) & 1;
		size_t length = fuzz_number(&input, 2), header_size;
		autofree uint8_t *head =
			fuzz_bytes(&input, sizeof(struct virtio_net_hdr), &header_size);
		autofree uint8_t *frame = fuzz_bytes(&input, length, &length);
		struct virtio_net_hdr header = { 0 };

		memcpy(&header, head, header_size);
		if (out)
			to_container(frame, length);
		else
			from_container(fragments, &header, frame, length);
	}
	fragments_free(fragments);
	return 0;
}
