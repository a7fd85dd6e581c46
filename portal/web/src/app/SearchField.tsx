import { TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import page from "./page.module.css";

/** A search field: what is typed there is searched for a moment later. */
export function SearchField(props: {
  label: string;
  value: string | undefined; // what is searched for now
  onSearch: (q: string | undefined) => void;
}) {
  const { value = "", onSearch } = props;
  const [text, setText] = useState(value);
  const [q] = useDebouncedValue(text.trim(), 250);
  const search = useRef(onSearch);
  search.current = onSearch;
  useEffect(() => {
    if (q !== value) search.current(q || undefined);
  }, [q, value]);
  return (
    <TextInput
      type="search"
      className={page.grow}
      aria-label={props.label}
      placeholder={props.label}
      leftSection={<IconSearch size={18} stroke={1.7} aria-hidden="true" />}
      value={text}
      onChange={(e) => setText(e.currentTarget.value)}
    />
  );
}
