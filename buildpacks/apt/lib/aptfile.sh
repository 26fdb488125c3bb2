# What the app says of itself: the lines of its Aptfile, and how builds reach the network.

import_config() {
  local name
  for name in http_proxy https_proxy no_proxy BUILDPACK_XTRACE; do
    [ ! -f "$config_dir/$name" ] || export "$name=$(<"$config_dir/$name")"
  done
  [ "$BUILDPACK_XTRACE" = 1 ] && set -x
}

# Where the platform lays the files that addresses in Aptfile lead to: a build itself fetches nothing from just anywhere.
fetched_debs=/tmp/twelve/debs

# Sets wanted, for addresses debs (files), and named: all of them, for people. A line that is neither is refused before anything is fetched.
read_aptfile() {
  local line number=0 file machine
  wanted=() debs=() named=()
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    line=${line#$'\xef\xbb\xbf'}
    # In an address "#" begins its hash, and only after a blank a comment.
    if [[ $line =~ ^[[:space:]]*[A-Za-z]+:// ]]; then line=${line%%[[:space:]]#*}; else line=${line%%#*}; fi
    read -r line <<<"${line%$'\r'}"
    case $line in
      '') ;;
      :repo:*)
        fail '' "Aptfile line $number: \"$(shown "$line")\" adds a package source, which this platform does not do: packages come from Debian's own archive, whose signatures the stack knows. Remove the line, and write the https address of each .deb file that you need from there, with its hash: https://<host>/<file>.deb#sha256=<hash>." ;;
      [hH][tT][tT][pP][sS]://*)
        file=$fetched_debs/$(printf %s "$line" | sha256sum | cut -d ' ' -f 1).deb
        [ -f "$file" ] ||
          fail '' "Aptfile line $number: \"$(shown "$line")\" was not fetched before the build. Addresses have to be in the Aptfile as it is pushed, in the root of the source."
        dpkg-deb --info "$file" >/dev/null 2>&1 ||
          fail '' "Aptfile line $number: \"$(shown "$line")\" is no Debian package: there is $(file -b "$file" | cut -c 1-80). Write the address of the .deb file itself, not that of a page about it."
        machine=$(dpkg-deb --field "$file" Architecture)
        [ "$machine" = all ] || [ "$machine" = "$(dpkg --print-architecture)" ] ||
          fail '' "Aptfile line $number: \"$(shown "$line")\" is for machines of the kind $machine, and this one is $(dpkg --print-architecture). Write the address of the file for that."
        debs+=("$file")
        file=$(shown "$line")
        named+=("${file##*/}")
        ;;
      *://*)
        fail '' "Aptfile line $number: \"$(shown "$line")\" is not reached over https, and nothing else is fetched. Write https://…" ;;
      *.deb)
        fail '' "Aptfile line $number: \"$(shown "$line")\" is a file. Write the https address of a .deb file or the name of a package of Debian." ;;
      *)
        [[ $line =~ ^[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9.+:~-]+)?$ ]] ||
          fail '' "Aptfile line $number: \"$(shown "$line")\" is not the name of a package. One name per line, such as \"libvips42\", or with a version \"jq=1.7.1-6\"."
        wanted+=("$line")
        named+=("$line")
        ;;
    esac
  done <"$build_dir/Aptfile"
  [ $((${#wanted[@]} + ${#debs[@]})) -gt 0 ] || fail '' 'Aptfile names no package. Write one name per line, or remove the file.'
}

# Addresses may have a login in them, before the host or behind a question mark.
shown() { sed -E 's/#sha256=[0-9A-Fa-f]+$//; s#//[^/@ ]*@#//#g; s#(://[^ ?]*)\?.*#\1#' <<<"${1:0:400}"; }
