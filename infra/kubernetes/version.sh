# version.sh - sets version, the image's tag; to be sourced in the checkout.
# Root may build what belongs to another user.
version=${VERSION:-$(git -c safe.directory='*' describe --always --dirty \
	--abbrev=12)}
